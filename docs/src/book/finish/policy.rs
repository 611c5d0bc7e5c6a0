//! What the pages of the book may load: the book's own files, and nothing else. mdBook writes scripts
//! into its pages, which such a policy refuses, so they become files.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use anyhow::{Context as _, ensure};

macro_rules! page {
    () => {
        // Pictures set the style of their parts, and mdBook's style sheets have pictures in them.
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         object-src 'none'; base-uri 'self'; form-action 'self'"
    };
}

/// As much of the policy as a page can say of itself.
pub const PAGE: &str = page!();

/// What the server says. No page from elsewhere can show the book in a frame and have its buttons
/// clicked. The book's own can: without JavaScript, its contents are in a frame.
pub const SERVED: &str = concat!(page!(), "; frame-ancestors 'self'");

/// What a page begins with, and where its policy stands: before all that it is about.
const CHARSET: &str = "<meta charset=\"UTF-8\">";

/// How a script in a page begins and ends. Text of a page has no `<` in it.
const SCRIPT: (&str, &str) = ("<script>", "</script>");

/// Moves the scripts in the pages of a built book to files, and lets each page state the policy.
///
/// # Errors
/// When a page is not what mdBook makes, or cannot be read or written.
pub fn apply(book: &Path) -> anyhow::Result<()> {
    in_folder(book, book, "")
}

fn in_folder(book: &Path, folder: &Path, root: &str) -> anyhow::Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            in_folder(book, &path, &format!("{root}../"))?;
        } else if path.extension().is_some_and(|end| end == "html") {
            let page = fs::read_to_string(&path)?;
            let page = strict(&page, root, |name, script| {
                fs::write(book.join(name), script)
            })
            .with_context(|| path.display().to_string())?;
            fs::write(&path, page)?;
        }
    }
    Ok(())
}

/// A page with the policy and without scripts of its own. `root` leads from it to the book's folder,
/// where `keep` puts them.
fn strict(
    page: &str,
    root: &str,
    keep: impl Fn(&str, &str) -> std::io::Result<()>,
) -> anyhow::Result<String> {
    let (start, mut rest) = page
        .split_once(CHARSET)
        .with_context(|| format!("no {CHARSET}"))?;
    let meta = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{PAGE}\">");
    let mut strict = format!("{start}{CHARSET}\n        {meta}");
    while let Some((before, from)) = rest.split_once(SCRIPT.0) {
        let (script, after) = from.split_once(SCRIPT.1).context("a script has no end")?;
        let name = file_name(script);
        keep(&name, script)?;
        strict += &format!("{before}<script src=\"{root}{name}\">{}", SCRIPT.1);
        rest = after;
    }
    strict += rest;
    let others = strict.matches("<script").count() - strict.matches("<script src=").count();
    ensure!(others == 0, "a script is neither a file nor can be one");
    Ok(strict)
}

/// Scripts that differ have different names, so that a browser does not take an old one.
fn file_name(script: &str) -> String {
    let mut hasher = DefaultHasher::new();
    script.hash(&mut hasher);
    format!("inline-{:016x}.js", hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn scripts_become_files_where_they_stood() {
        let kept = RefCell::new(Vec::new());
        let keep = |name: &str, script: &str| {
            kept.borrow_mut().push((name.to_owned(), script.to_owned()));
            Ok(())
        };
        let page = format!(
            "<head>{CHARSET}<script>let a;</script><script src=\"b.js\"></script></head>\
             <p>&lt;script><script>let c;</script>"
        );
        let strict = strict(&page, "../", keep).unwrap();
        let kept = kept.into_inner();
        let scripts: Vec<&str> = kept.iter().map(|(_, script)| &**script).collect();
        assert_eq!(scripts, ["let a;", "let c;"]);
        let meta = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{PAGE}\">");
        assert_eq!(
            strict,
            format!(
                "<head>{CHARSET}\n        {meta}<script src=\"../{}\"></script>\
                 <script src=\"b.js\"></script></head>\
                 <p>&lt;script><script src=\"../{}\"></script>",
                kept[0].0, kept[1].0
            )
        );
        assert_ne!(kept[0].0, kept[1].0);
    }

    #[test]
    fn what_the_policy_would_refuse_is_an_error() {
        for page in [
            "<head><script>let a;</script>",
            &format!("{CHARSET}<script>let a;"),
            &format!("{CHARSET}<script type=\"module\">let a;</script>"),
        ] {
            assert!(strict(page, "", |_, _| Ok(())).is_err(), "{page}");
        }
    }
}
