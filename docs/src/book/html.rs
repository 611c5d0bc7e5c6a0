//! What the parts of a page share.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// One line of Markdown: text, code, links and emphasis.
#[must_use]
pub fn inline(markdown: &str) -> Markup {
    let is_inline = |event: &Event<'_>| {
        !matches!(
            event,
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph)
        )
    };
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, Parser::new(markdown).filter(is_inline));
    PreEscaped(html)
}

/// Code, with every byte of it. What is marked as `rs` is highlighted as `rust` is, but mdBook's script
/// looks for lines to hide only in the latter.
#[must_use]
pub fn listing(language: &str, code: &str) -> Markup {
    html! { pre { code class={ "language-" (language) } { (code) } } }
}

/// Parts of a page, and the elements that stand in their places until mdBook has made the page: what is
/// in a part is no Markdown, and is not in the index of the search.
#[derive(Debug, Default)]
pub struct Parts(Vec<Markup>);

impl Parts {
    /// Takes a part, and returns the Markdown that stands in its place.
    pub fn place(&mut self, part: Markup) -> String {
        self.0.push(part);
        format!("\n\n{}\n\n", placeholder(self.0.len() - 1))
    }

    /// The page with every part in its place.
    ///
    /// # Errors
    /// When mdBook has lost a place.
    pub fn fill(&self, page: &str) -> anyhow::Result<String> {
        let mut page = page.to_owned();
        for (number, part) in self.0.iter().enumerate() {
            let placeholder = placeholder(number);
            anyhow::ensure!(
                page.contains(&placeholder),
                "mdBook has lost the place of a part: {placeholder}"
            );
            page = page.replacen(&placeholder, &part.0, 1);
        }
        Ok(page)
    }
}

fn placeholder(number: usize) -> String {
    format!("<div data-part=\"{number}\"></div>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_markdown_has_code_and_links_and_nothing_passes_unescaped() {
        assert_eq!(
            inline("a `<b>` [c](d.md \"e\") *f* & <g").0,
            "a <code>&lt;b&gt;</code> <a href=\"d.md\" title=\"e\">c</a> <em>f</em> &amp; &lt;g"
        );
    }

    #[test]
    fn every_part_comes_into_its_place() {
        let mut parts = Parts::default();
        let places = [html! { "<1>" }, html! { b { "2" } }].map(|part| parts.place(part));
        let page = format!("a{}b{}c", places[1].trim(), places[0].trim());
        assert_eq!(parts.fill(&page).unwrap(), "a<b>2</b>b&lt;1&gt;c");
        assert!(parts.fill("lost").is_err());
    }
}
