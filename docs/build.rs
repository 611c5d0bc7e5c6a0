//! Lists the book's own chapters as modules whose documentation they are, so that `cargo test` runs
//! their examples. The list is compiled for doc-tests only.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let chapters =
        Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("book/src");
    println!("cargo::rerun-if-changed=book/src");
    let mut names = Vec::new();
    for entry in fs::read_dir(&chapters)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".md")
            && stem != "SUMMARY"
        {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    let modules: String = names
        .iter()
        .map(|name| {
            let path = chapters.join(format!("{name}.md"));
            format!(
                "#[doc = include_str!({path:?})]\npub mod chapter_{} {{}}\n",
                name.replace('-', "_")
            )
        })
        .collect();
    let list = Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("chapters.rs");
    fs::write(list, modules)
}
