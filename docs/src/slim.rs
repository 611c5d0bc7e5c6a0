//! Makes the built book smaller: mdBook writes its style sheets and scripts with their comments.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow};

/// mdBook's scripts that it does not write in short form. The book's own stay as they are written.
const SCRIPTS: [&str; 3] = ["book-", "searcher-", "toc-"];

/// Minifies every style sheet and mdBook's scripts.
///
/// # Errors
/// When one of them is missing, or cannot be read as what it is.
pub fn slim(book: &Path) -> anyhow::Result<()> {
    let mut scripts = 0;
    for folder in ["", "css", "fonts"] {
        for entry in book.join(folder).read_dir()? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_script =
                name.ends_with(".js") && SCRIPTS.iter().any(|start| name.starts_with(start));
            if is_script || name.ends_with(".css") {
                minify(&path, is_script).with_context(|| format!("cannot minify {name}"))?;
            }
            scripts += usize::from(is_script);
        }
    }
    if scripts == SCRIPTS.len() {
        Ok(())
    } else {
        Err(anyhow!("mdBook's scripts are no longer {SCRIPTS:?}"))
    }
}

fn minify(path: &Path, is_script: bool) -> anyhow::Result<()> {
    let text = fs::read_to_string(path)?;
    let short = if is_script {
        minifier::js::minify(&text).map(|script| script.to_string())
    } else {
        minifier::css::minify(&text).map(|sheet| sheet.to_string())
    };
    fs::write(path, short.map_err(|error| anyhow!("{error}"))?)?;
    Ok(())
}
