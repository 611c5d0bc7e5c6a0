//! A crate gets all of a recipe or nothing of it, whenever the work is stopped.

use std::fs;

use docs::pattern;
use docs::take::{Catalogue, Wanted, paste};

use super::proof::cargo;
use crate::support::blank;

/// Killed between two files, which no program can see coming.
#[test]
fn after_each_file_the_crate_builds() {
    let catalogue = Catalogue::read(&pattern::workspace()).expect("the patterns");
    let dir = blank();
    let wanted = Wanted {
        names: vec!["gather".to_owned()],
        dir: dir.path().to_path_buf(),
        ..Wanted::default()
    };
    let plan = paste(&catalogue, &wanted).expect("a blank crate");
    assert!(plan.changes.files().count() >= 4);
    for (path, text) in plan.changes.files() {
        fs::write(path, text).expect("the file can be written");
        if let Err(error) = cargo(dir.path(), &["check", "--offline"]) {
            panic!("after {}: {error}", path.display());
        }
    }
}

#[cfg(unix)]
mod signals {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use crate::support::html::files;
    use crate::support::{blank, put};

    /// A cargo that says that it was started, and goes on when it is let. `started` and `go` are pipes.
    fn slow_cargo(folder: &Path) {
        for name in ["started", "go"] {
            let made = Command::new("mkfifo").arg(folder.join(name)).status();
            assert!(made.expect("there is mkfifo").success());
        }
        let script = format!(
            "#!/bin/sh\ncd {}\nif [ ! -e released ]; then echo started > started; read line < go; fi\n\
             cd \"$OLDPWD\"\nexec {} \"$@\"\n",
            folder.display(),
            env!("CARGO")
        );
        put(folder, "cargo", &script);
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.join("cargo"), executable).expect("a script");
    }

    #[test]
    fn stopped_before_the_first_file_it_has_done_nothing_and_says_so() {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            let (dir, folder) = (blank(), tempfile::tempdir().expect("a folder"));
            slow_cargo(folder.path());
            let before = files(dir.path(), "");
            let docs = Command::new(env!("CARGO_BIN_EXE_docs"))
                .args(["paste", "gather"])
                .arg(dir.path())
                .env("CARGO", folder.path().join("cargo"))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts");
            fs::read_to_string(folder.path().join("started")).expect("it says so");
            let kill = format!("kill -{signal} {}", docs.id());
            let sent = Command::new("sh").args(["-c", &kill]).status();
            assert!(sent.expect("there is a shell").success());
            put(folder.path(), "released", "");
            fs::write(folder.path().join("go"), "\n").expect("it reads");
            let output = docs.wait_with_output().expect("it ends");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{said}");
            assert_eq!(said, "error: stopped: nothing was changed\n");
            assert_eq!(files(dir.path(), ""), before);
        }
    }
}
