//! What a page says of other things: the patterns that are near, and the mistakes that it shows.

use super::page::{Item, Page};
use super::{Fault, anatomy};

/// Another pattern that the page sends the reader to.
#[derive(Clone, Debug, PartialEq)]
pub struct Lead {
    /// The other pattern's name.
    pub to: String,
    /// When to go there.
    pub words: String,
}

/// A mistake that a program in `examples/` shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// The program's name.
    pub name: String,
    /// What goes wrong, in Markdown.
    pub says: String,
}

/// The links to other patterns in "See also", each with what follows it up to the next link.
pub(super) fn leads(page: &Page) -> Result<Vec<Lead>, Fault> {
    let section = anatomy::section(page, "See also")?;
    Ok(section.items.iter().flat_map(leads_of).collect())
}

fn leads_of(item: &Item) -> impl Iterator<Item = Lead> {
    item.links.iter().enumerate().filter_map(|(index, link)| {
        let to = pattern(&link.target)?;
        let end = item
            .links
            .get(index + 1)
            .map_or(item.text.len(), |next| next.words.start);
        let words = item.text[link.words.end..end].trim();
        let words = words.trim_start_matches([',', ':']);
        let words = words.strip_suffix(" and").unwrap_or(words);
        Some(Lead {
            to: to.to_owned(),
            words: words.trim().trim_end_matches([',', '.']).to_owned(),
        })
    })
}

/// The pattern whose page a link leads to: `../task/README.md#the-card`.
fn pattern(target: &str) -> Option<&str> {
    let (name, file) = target.strip_prefix("../")?.split_once('/')?;
    let is_page = file.split('#').next() == Some("README.md");
    (is_page && name != "..").then_some(name)
}

/// The items of "When it goes wrong" that begin with a link to a program in `examples/`.
pub(super) fn mistakes(page: &Page) -> Result<Vec<Mistake>, Fault> {
    let section = anatomy::section(page, "When it goes wrong")?;
    let mistakes = section.items.iter().filter_map(|item| {
        let link = item.links.first()?;
        let file = link.target.strip_prefix("examples/")?;
        let says = page.text[link.range.end..item.range.end].trim();
        let lines = says.trim_start_matches(':').lines().map(str::trim);
        Some(Mistake {
            name: file.trim_end_matches(".rs").to_owned(),
            says: lines.collect::<Vec<_>>().join(" ").trim().to_owned(),
        })
    });
    Ok(mistakes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_link_to_a_pattern_takes_the_words_that_follow_it() {
        let text = "# one\n\n## See also\n\n\
                    - [two](../two/README.md#use-it), for the first of\n  many, and \
                    [three](../three/README.md): `n` at once\n\
                    - [Pick](../../docs/book/src/pick.md), by problem\n\
                    - [`two`](https://example.org), elsewhere\n\n## Next\n\n\
                    - [four](../four/README.md)\n";
        let lead = |to: &str, words: &str| Lead {
            to: to.to_owned(),
            words: words.to_owned(),
        };
        let leads = leads(&Page::read("p.md", text)).unwrap();
        assert_eq!(
            leads,
            [
                lead("two", "for the first of many"),
                lead("three", "n at once")
            ]
        );
    }

    #[test]
    fn a_mistake_has_its_name_and_what_goes_wrong() {
        let text = "## When it goes wrong\n\n- [examples/a_b.rs](examples/a_b.rs): `f` in\n  two lines.\n\
                    - [other](src/lib.rs): none\n";
        let mistakes = mistakes(&Page::read("p.md", text)).unwrap();
        let (name, says) = ("a_b".to_owned(), "`f` in two lines.".to_owned());
        assert_eq!(mistakes, [Mistake { name, says }]);
    }
}
