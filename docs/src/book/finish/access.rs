//! Makes mdBook's pages usable by everybody: by keyboard, with a screen reader, and in two themes,
//! whose text can be read. The colours are in `book.css`, the keys in `access.js`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

/// mdBook's list of pages for readers without scripts, which is no page of its own.
const LIST: &str = "toc.html";

/// What mdBook writes into each page once, and what has to stand in its place.
const CHANGES: [(&str, &str); 12] = [
    // All that can be read is in a part of the page that has a name.
    (
        "<div id=\"mdbook-menu-bar\"",
        "<div role=\"banner\" id=\"mdbook-menu-bar\"",
    ),
    (
        "<div id=\"mdbook-search-wrapper\"",
        "<div role=\"search\" id=\"mdbook-search-wrapper\"",
    ),
    (
        "<div id=\"mdbook-help-popup\"",
        "<div role=\"dialog\" aria-label=\"Keyboard shortcuts\" id=\"mdbook-help-popup\"",
    ),
    (
        "<iframe class=\"sidebar-iframe-outer\"",
        "<iframe title=\"Table of contents\" class=\"sidebar-iframe-outer\"",
    ),
    // The field has no label, and what should describe it has another name.
    (
        "<input type=\"search\" id=\"mdbook-searchbar\"",
        "<input type=\"search\" aria-label=\"Search this book\" id=\"mdbook-searchbar\"",
    ),
    (
        "aria-describedby=\"searchresults-header\"",
        "aria-describedby=\"mdbook-searchresults-header\"",
    ),
    (
        "<div id=\"mdbook-searchresults-header\"",
        "<div role=\"status\" id=\"mdbook-searchresults-header\"",
    ),
    // The reader's system chooses between two themes, or the reader does.
    (
        "<li role=\"none\"><button role=\"menuitem\" class=\"theme\" id=\"mdbook-theme-rust\">Rust</button></li>",
        "",
    ),
    (
        "<li role=\"none\"><button role=\"menuitem\" class=\"theme\" id=\"mdbook-theme-coal\">Coal</button></li>",
        "",
    ),
    (
        "<li role=\"none\"><button role=\"menuitem\" class=\"theme\" id=\"mdbook-theme-ayu\">Ayu</button></li>",
        "",
    ),
    (
        "id=\"mdbook-theme-navy\">Navy</button>",
        "id=\"mdbook-theme-navy\">Dark</button>",
    ),
    // The book once had more themes, and a browser may remember one.
    (
        "if (theme === null || theme === undefined) { theme = default_theme; }",
        "const now = new Map([['rust', 'light'], ['coal', 'navy'], ['ayu', 'navy']]).get(theme);
            if (now) {
                theme = now;
                localStorage.setItem('mdbook-theme', theme);
            }
            if (theme !== 'light' && theme !== 'navy') { theme = default_theme; }",
    ),
];

/// The label of a hidden checkbox, with which mdBook shows and hides the sidebar.
const LABEL: &str = "<label id=\"mdbook-sidebar-toggle\"";
const FOR: &str = " for=\"mdbook-sidebar-toggle-anchor\"";

/// Changes every page of a built book.
///
/// # Errors
/// When mdBook's pages are not what they were, or cannot be read or written.
pub fn improve(book: &Path) -> anyhow::Result<()> {
    for entry in book.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            improve(&path)?;
        } else if path.extension().is_some_and(|end| end == "html") && !path.ends_with(LIST) {
            let page = fs::read_to_string(&path)?;
            let page = improved(&page).with_context(|| path.display().to_string())?;
            fs::write(&path, page)?;
        }
    }
    Ok(())
}

fn improved(page: &str) -> anyhow::Result<String> {
    let mut page = with_a_button(page).context("mdBook's page has no label for its sidebar")?;
    for (from, to) in CHANGES {
        let found = page.matches(from).count();
        ensure!(found == 1, "mdBook's page has {found} times `{from}`");
        page = page.replace(from, to);
    }
    // A column of names needs no heading, and an empty one says nothing.
    Ok(page.replace("<th></th>", "<td></td>"))
}

/// A page with a button in place of the label, which has neither a name, nor a state, nor the focus.
/// access.js makes it work; without scripts there is still the label.
fn with_a_button(page: &str) -> Option<String> {
    let (before, rest) = page.split_once(LABEL)?;
    let (label, after) = rest.split_once("</label>")?;
    let (attributes, picture) = label.split_once('>')?;
    let (ours, others) = attributes.split_once(FOR)?;
    Some(format!(
        "{before}<button type=\"button\" id=\"mdbook-sidebar-toggle\"{ours}{others}>{picture}</button>\
         <noscript><label class=\"icon-button\"{FOR} title=\"Table of contents\">{picture}</label></noscript>\
         {after}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: &str = "<label id=\"mdbook-sidebar-toggle\" class=\"icon-button\" \
        for=\"mdbook-sidebar-toggle-anchor\" title=\"Toggle\"><svg></svg></label><label>Mine</label>";

    #[test]
    fn a_page_that_lacks_something_or_has_it_twice_is_an_error() {
        let changes: String = CHANGES.iter().map(|(from, _)| *from).collect();
        let page = format!("{PARTS}{changes}");
        let changed = improved(&page).unwrap();
        for (from, to) in CHANGES {
            assert!(!changed.contains(from), "{from}");
            assert!(changed.contains(to), "{to}");
            assert!(improved(&page.replace(from, "")).is_err(), "{from}");
            assert!(improved(&format!("{page}{from}")).is_err(), "{from}");
        }
        assert!(improved(&changes).is_err());
    }

    #[test]
    fn the_sidebar_has_a_button() {
        assert_eq!(
            with_a_button(PARTS).unwrap(),
            "<button type=\"button\" id=\"mdbook-sidebar-toggle\" class=\"icon-button\" \
             title=\"Toggle\"><svg></svg></button><noscript><label class=\"icon-button\" \
             for=\"mdbook-sidebar-toggle-anchor\" title=\"Table of contents\"><svg></svg></label>\
             </noscript><label>Mine</label>"
        );
    }
}
