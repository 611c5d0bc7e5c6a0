//! A built book that is written to a folder.

use std::fs;

use docs::book::export::{ExportError, export};

use crate::support::put;

#[test]
fn an_export_replaces_its_own_files_and_no_others() {
    let (built, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    put(built.path(), "index.html", "old");
    put(built.path(), "patterns/one/index.html", "one");
    export(built.path(), folder.path()).unwrap();

    put(folder.path(), "CNAME", "example.org");
    put(built.path(), "index.html", "new");
    fs::remove_dir_all(built.path().join("patterns")).unwrap();
    export(built.path(), folder.path()).unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join("index.html")).unwrap(),
        "new"
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("CNAME")).unwrap(),
        "example.org"
    );
    assert!(!folder.path().join("patterns/one/index.html").exists());

    put(built.path(), "CNAME", "book.example.org");
    let error = export(built.path(), folder.path()).unwrap_err();
    assert!(matches!(error, ExportError::Foreign(path) if path.ends_with("CNAME")));
    assert_eq!(
        fs::read_to_string(folder.path().join("CNAME")).unwrap(),
        "example.org"
    );
}

#[test]
fn an_export_leaves_a_foreign_folder_alone() {
    let (built, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    put(built.path(), "index.html", "book");
    put(folder.path(), "index.html", "mine");
    let error = export(built.path(), folder.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&folder.path().display().to_string()),
        "{error}"
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("index.html")).unwrap(),
        "mine"
    );
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}
