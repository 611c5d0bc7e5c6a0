//! A file of the repository as a page of the book.

use std::path::Path;

use anyhow::Context as _;
use maud::html;

use super::html::listing;

/// mdBook's 404 page is a page without neighbours that finds its scripts from anywhere: the frame of
/// the pages that show files.
pub struct Frame<'a> {
    /// All of the 404 page.
    pub html: &'a str,
    /// The path under which a host serves the book, which stands in it.
    pub site_url: &'a str,
}

impl Frame<'_> {
    /// The page of a file.
    ///
    /// # Errors
    /// When the frame is not what it was.
    pub fn page(&self, file: &str, text: &str) -> anyhow::Result<String> {
        let up = "../".repeat(file.matches('/').count());
        let up = if up.is_empty() { "./" } else { &up };
        let base = format!("<base href=\"{}\">", self.site_url);
        let frame = self.html.replace(&base, &format!("<base href=\"{up}\">"));
        let extension = Path::new(file).extension();
        let language = extension.map_or("text".into(), |end| end.to_string_lossy());
        let title = html! { title { (file) } };
        let main = html! {
            main {
                h1 { (file) }
                (listing(&language, text))
            }
        };
        let frame = replace(&frame, "<title>", "</title>", &title.0)?;
        replace(&frame, "<main>", "</main>", &main.0)
    }
}

/// The page with `new` in the place of an element.
fn replace(page: &str, start: &str, end: &str, new: &str) -> anyhow::Result<String> {
    let parts = page.split_once(start).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(end)?;
        Some(format!("{before}{new}{after}"))
    });
    parts.with_context(|| format!("mdBook's 404 page has no {start}"))
}
