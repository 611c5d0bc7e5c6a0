//! The catalogue: every pattern in the group of the summary that it stands in, and what it leads to.

use maud::{Markup, html};

use super::chapters::{self, Chapter};
use super::html::inline;
use crate::pattern::Pattern;

/// The groups in the order of the summary, a line for each pattern. `about` makes of what a page says
/// first what may stand in another chapter.
pub fn catalogue(chapters: &[Chapter], about: impl Fn(&Chapter) -> String) -> Markup {
    let mut groups: Vec<(&str, Vec<(&Chapter, &Pattern)>)> = Vec::new();
    for (chapter, pattern) in chapters::patterns(chapters) {
        match groups.last_mut() {
            Some((part, patterns)) if *part == chapter.part => patterns.push((chapter, pattern)),
            _ => groups.push((&chapter.part, vec![(chapter, pattern)])),
        }
    }
    html! {
        div.catalogue {
            @for (part, patterns) in groups {
                @if !part.is_empty() { h3 { (part) } }
                ul aria-label=[Some(part).filter(|part| !part.is_empty())] {
                    @for (chapter, pattern) in patterns { (line(chapter, pattern, &about(chapter))) }
                }
            }
        }
    }
}

fn line(chapter: &Chapter, pattern: &Pattern, about: &str) -> Markup {
    html! {
        li {
            a href=(chapter.address()) { (pattern.name()) } " "
            span.about { (inline(about)) }
            @if !pattern.leads.is_empty() {
                details {
                    summary aria-label={ (pattern.name()) " leads to" } { "leads to" }
                    ul {
                        @for lead in &pattern.leads {
                            li {
                                a href={ "patterns/" (lead.to) "/index.html" } { (lead.to) }
                                @if !lead.words.is_empty() { ", " (lead.words) }
                            }
                        }
                    }
                }
            }
        }
    }
}
