//! How the patterns relate: a figure and a list of what each page's `## See also` says of the others.

use std::fmt::Write as _;
use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::book::escape;

/// A pattern, as the figure shows it.
#[derive(Debug)]
pub struct Node {
    /// The part of the summary that it stands in.
    pub part: String,
    /// Its name.
    pub name: String,
    /// The first line of its page.
    pub about: String,
    /// The other patterns that its page sends the reader to.
    pub leads_to: Vec<Lead>,
}

/// What a page says of another pattern.
#[derive(Debug, PartialEq)]
pub struct Lead {
    /// The other pattern.
    pub to: String,
    /// When to go there.
    pub words: String,
}

/// The parts of a summary, and the links in each. What stands above the first part is in none.
#[must_use]
pub fn parts(summary: &str) -> Vec<(String, Vec<String>)> {
    let mut parts = Vec::new();
    let mut in_heading = false;
    for event in Parser::new(summary) {
        match (event, parts.last_mut()) {
            (Event::Start(Tag::Heading { .. }), _) => {
                in_heading = true;
                parts.push((String::new(), Vec::new()));
            }
            (Event::End(TagEnd::Heading(_)), _) => in_heading = false,
            (Event::Text(text), Some((title, _))) if in_heading => title.push_str(&text),
            (Event::Start(Tag::Link { dest_url, .. }), Some((_, links))) => {
                links.push(dest_url.to_string());
            }
            _ => {}
        }
    }
    parts
}

/// The first paragraph of a page, which says in one line what the pattern does.
#[must_use]
pub fn about(page: &str) -> String {
    let mut about = String::new();
    let mut is_open = false;
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::Paragraph) => is_open = true,
            Event::End(TagEnd::Paragraph) => break,
            Event::Text(text) | Event::Code(text) if is_open => about += &text,
            Event::SoftBreak => about.push(' '),
            _ => {}
        }
    }
    about
}

/// The links to other patterns in the section `## See also` of a page, each with what follows it.
#[must_use]
pub fn leads(page: &str) -> Vec<Lead> {
    let mut leads: Vec<Lead> = Vec::new();
    let mut heading: Option<String> = None;
    let mut in_section = false;
    // Whether text belongs to the last lead: after its link, up to the next one.
    let mut is_open = false;
    let mut is_pattern = false;
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H1 | HeadingLevel::H2,
                ..
            }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                in_section = heading.take().is_some_and(|title| title == "See also");
            }
            Event::Start(Tag::Item) => is_open = false,
            Event::Start(Tag::Link { dest_url, .. }) if in_section => {
                is_open = false;
                is_pattern = pattern(&dest_url).is_some();
                if let Some(to) = pattern(&dest_url) {
                    leads.push(Lead {
                        to: to.to_owned(),
                        words: String::new(),
                    });
                }
            }
            Event::End(TagEnd::Link) => is_open = in_section && is_pattern,
            Event::Text(text) | Event::Code(text) => match (&mut heading, leads.last_mut()) {
                (Some(title), _) => title.push_str(&text),
                (None, Some(lead)) if is_open => lead.words += &text,
                _ => {}
            },
            Event::SoftBreak if is_open => {
                if let Some(lead) = leads.last_mut() {
                    lead.words.push(' ');
                }
            }
            _ => {}
        }
    }
    for lead in &mut leads {
        let words = lead.words.trim().trim_start_matches([',', ':']);
        let words = words.strip_suffix(" and").unwrap_or(words);
        lead.words = words.trim().trim_end_matches([',', '.']).to_owned();
    }
    leads
}

/// The pattern whose page a link in the book leads to: `../../patterns/task/index.html`.
fn pattern(target: &str) -> Option<&str> {
    let (_, path) = target.split_once("patterns/")?;
    let (name, file) = path.split_once('/')?;
    file.starts_with("index.html").then_some(name)
}

/// The width of the figure, the room for its arcs, and where its names and its words begin.
const WIDTH: f64 = 700.0;
const ARCS: f64 = 140.0;
const NAMES: f64 = 164.0;
const WORDS: f64 = 350.0;
/// How many characters of words there is room for in a line, and how high a line is.
const CHARACTERS: usize = 54;
const LINE: f64 = 15.0;

/// The figure and the list, in Markdown.
#[must_use]
pub fn markdown(nodes: &[Node]) -> String {
    format!(
        "<figure class=\"picture relations-figure\">\n<div class=\"scroll\">\n{}</div>\n<figcaption>\
         Point at a pattern, or tab to it, to see what it has to do with the others.</figcaption>\n\
         </figure>\n\n<details class=\"listing\">\n<summary>The same as a list</summary>\n\n{}\n\
         </details>\n",
        svg(nodes),
        list(nodes)
    )
}

/// The patterns one below the other, in the order of the summary, and an arc for each two of which
/// one leads to the other. However many there are, no text meets another or a line.
fn svg(nodes: &[Node]) -> String {
    let Layout {
        rows,
        parts,
        height,
    } = layout(nodes);
    let mut edges = String::new();
    let farthest = nodes.len().saturating_sub(1).max(1);
    for (from, node) in nodes.iter().enumerate() {
        for (to, other) in nodes.iter().enumerate().skip(from + 1) {
            let titles: Vec<String> = [(node, other), (other, node)]
                .into_iter()
                .filter_map(|(a, b)| {
                    let words = words(a, b)?;
                    Some(format!("{} to {}: {}", a.name, b.name, escape(words)))
                })
                .collect();
            if titles.is_empty() {
                continue;
            }
            let (top, bottom) = (middle(&rows[from]), middle(&rows[to]));
            let share = (to - from) as f64 / farthest as f64;
            let (rx, ry) = (20.0 + (ARCS - 20.0) * share, (bottom - top) / 2.0);
            let x = NAMES - 14.0;
            let arc = format!("M{x} {top} A{rx:.1} {ry:.1} 0 0 0 {x} {bottom}");
            let _ = writeln!(
                edges,
                "<g class=\"edge near-{} near-{}\"><title>{}</title>\
                 <path class=\"hit\" d=\"{arc}\"/><path d=\"{arc}\"/></g>",
                node.name,
                other.name,
                titles.join("\n"),
            );
        }
    }
    let headings: String = parts
        .iter()
        .map(|(part, y)| {
            let part = escape(part);
            format!("<text class=\"part\" x=\"{NAMES}\" y=\"{y}\">{part}</text>\n")
        })
        .collect();
    let names: String = nodes
        .iter()
        .zip(&rows)
        .map(|(node, row)| link(node, nodes, row))
        .collect();
    let rules: String = nodes.iter().map(rule).collect();
    format!(
        "<svg class=\"relations\" xmlns=\"http://www.w3.org/2000/svg\" role=\"group\" \
         aria-label=\"How the patterns relate\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\">\n<style>\n{rules}</style>\n\
         <g aria-hidden=\"true\">\n{edges}</g>\n{headings}{names}</svg>\n"
    )
}

/// Where everything stands, from top to bottom.
struct Layout<'a> {
    /// From where to where the row of each pattern goes.
    rows: Vec<Range<f64>>,
    /// The parts, and where their headings stand.
    parts: Vec<(&'a str, f64)>,
    height: f64,
}

fn layout(nodes: &[Node]) -> Layout<'_> {
    let (mut rows, mut parts) = (Vec::new(), Vec::<(&str, f64)>::new());
    let mut y = 4.0;
    for node in nodes {
        if parts.last().is_none_or(|(part, _)| *part != node.part) {
            parts.push((&node.part, y + 22.0));
            y += 30.0;
        }
        let lines = said(node, nodes)
            .map(|(_, words)| wrap(&words).len())
            .max()
            .unwrap_or(1);
        let end = y + LINE * lines as f64 + 8.0;
        rows.push(y..end);
        y = end;
    }
    Layout {
        rows,
        parts,
        height: y + 4.0,
    }
}

fn middle(row: &Range<f64>) -> f64 {
    f64::midpoint(row.start, row.end)
}

/// What `node`'s page says of `other`.
fn words<'a>(node: &'a Node, other: &Node) -> Option<&'a str> {
    let lead = node.leads_to.iter().find(|lead| lead.to == other.name)?;
    Some(&lead.words)
}

/// What stands beside a name: what the pattern does, and what it has to do with each of the others
/// while that one is pointed at. The first of a pair is the class of the words.
fn said<'a>(node: &'a Node, nodes: &'a [Node]) -> impl Iterator<Item = (String, String)> {
    let about = ("about".to_owned(), node.about.clone());
    let others = nodes.iter().filter_map(|other| {
        let said = match (words(other, node), words(node, other)) {
            (Some(words), _) => words.to_owned(),
            (None, Some(words)) => format!("leads here, {words}"),
            (None, None) => return None,
        };
        Some((format!("words from-{}", other.name), said))
    });
    std::iter::once(about).chain(others)
}

/// A pattern's name, which is a link, and the words beside it.
fn link(node: &Node, nodes: &[Node], row: &Range<f64>) -> String {
    let y = middle(row);
    let near: String = nodes
        .iter()
        .filter(|other| words(node, other).or(words(other, node)).is_some())
        .map(|other| format!(" near-{}", other.name))
        .collect();
    let name = &node.name;
    let mut link = format!(
        "<a class=\"node node-{name}{near}\" href=\"patterns/{name}/index.html\">\n\
         <rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>\
         <circle cx=\"{}\" cy=\"{y}\" r=\"4\"/>\n\
         <text class=\"name\" x=\"{NAMES}\" y=\"{}\">{name}</text>\n",
        NAMES - 22.0,
        row.start + 1.0,
        WIDTH - NAMES + 20.0,
        row.end - row.start - 2.0,
        NAMES - 14.0,
        y + 5.0,
    );
    for (class, said) in said(node, nodes) {
        let lines = wrap(&said);
        let first = y + 4.0 - LINE * (lines.len() as f64 - 1.0) / 2.0;
        let _ = write!(link, "<text class=\"{class}\">");
        for (line, text) in lines.iter().enumerate() {
            let y = first + LINE * line as f64;
            let text = escape(text);
            let _ = write!(link, "<tspan x=\"{WORDS}\" y=\"{y}\">{text}</tspan> ");
        }
        link += "</text>\n";
    }
    link + "</a>\n"
}

/// Text in lines that have room in the figure.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= CHARACTERS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// While a pattern is pointed at, or has the focus, the others step back, and its neighbours say what
/// they have to do with it.
fn rule(node: &Node) -> String {
    let name = &node.name;
    let scope = format!(
        ".relations:is(:has(.node-{name}:hover), \
         :not(:has(.node:hover)):has(.node-{name}:focus-visible))"
    );
    format!(
        "{scope} :is(.edge, .node):not(.near-{name}, .node-{name}) {{ opacity: 0.25; }}\n\
         {scope} .edge.near-{name} {{ stroke: var(--links); stroke-width: 2; }}\n\
         {scope} .near-{name} .about {{ display: none; }}\n\
         {scope} .from-{name} {{ display: inline; }}\n"
    )
}

/// The same as text.
fn list(nodes: &[Node]) -> String {
    let page = |name: &str| format!("[{name}](patterns/{name}/index.html)");
    let mut list = String::new();
    for node in nodes {
        let _ = writeln!(list, "- {}: {}", page(&node.name), plain(&node.about));
        for lead in &node.leads_to {
            let _ = writeln!(list, "  - {}, {}", page(&lead.to), plain(&lead.words));
        }
    }
    list
}

/// Text that Markdown takes as it is.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for character in text.chars() {
        if "\\`*_[]<&".contains(character) {
            plain.push('\\');
        }
        plain.push(character);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_link_to_a_pattern_takes_the_words_that_follow_it() {
        let page = "# one\n\nSays\nwhat.\n\n## See also\n\n\
                    - [two](../../patterns/two/index.html), for the first of\n  many, and \
                    [three](../../patterns/three/index.html): `n` at once\n\
                    - [Pick](../../pick.html), by problem\n\
                    - [`two`](https://example.org), elsewhere\n\n## Next\n\n\
                    [four](../../patterns/four/index.html)\n";
        let lead = |to: &str, words: &str| Lead {
            to: to.to_owned(),
            words: words.to_owned(),
        };
        assert_eq!(
            leads(page),
            [
                lead("two", "for the first of many"),
                lead("three", "n at once")
            ]
        );
        assert_eq!(about(page), "Says what.");
    }

    #[test]
    fn a_summary_falls_into_its_parts() {
        let summary = "# Summary\n\n[a](a.md)\n\n# Part one\n\n- [b](b.md)\n- [c](c.md)\n\n# Two\n";
        let parts = parts(summary);
        let named: Vec<_> = parts.iter().map(|(part, _)| part.as_str()).collect();
        assert_eq!(named, ["Summary", "Part one", "Two"]);
        assert_eq!(parts[1].1, ["b.md", "c.md"]);
    }

    /// So many patterns, each of which leads to all others.
    fn crowd(count: usize) -> Vec<Node> {
        let name = |index: usize| format!("pattern-{index}");
        let node = |index: usize| Node {
            part: format!("Part {}", index / 4),
            name: name(index),
            about: "what it does ".repeat(1 + index % 9),
            leads_to: (0..count)
                .filter(|other| *other != index)
                .map(|other| Lead {
                    to: name(other),
                    words: "when & why ".repeat(1 + other % 11),
                })
                .collect(),
        };
        (0..count).map(node).collect()
    }

    #[test]
    fn rows_do_not_meet_and_hold_all_of_their_words() {
        let nodes = crowd(30);
        let Layout {
            rows,
            parts,
            height,
        } = layout(&nodes);
        assert_eq!((rows.len(), parts.len()), (30, 8));
        for pair in rows.windows(2) {
            assert!(pair[0].end <= pair[1].start);
        }
        assert!(rows[29].end < height);
        for (node, row) in nodes.iter().zip(&rows) {
            for (_, said) in said(node, &nodes) {
                let lines = wrap(&said);
                assert!(lines.iter().all(|line| line.chars().count() <= CHARACTERS));
                assert!(lines.len() as f64 * LINE < row.end - row.start);
            }
        }
    }

    #[test]
    fn two_patterns_share_one_arc_with_the_words_of_both() {
        let mut nodes = crowd(3);
        nodes[0].leads_to.pop();
        nodes[2].leads_to.clear();
        let svg = svg(&nodes);
        assert_eq!(svg.matches("class=\"edge").count(), 2);
        assert!(svg.contains(
            "<title>pattern-0 to pattern-1: when &amp; why when &amp; why \n\
             pattern-1 to pattern-0: when &amp; why </title>"
        ));
        let list = list(&nodes);
        assert_eq!(list.matches("\n  - ").count(), 3);
        assert!(list.contains("  - [pattern-2](patterns/pattern-2/index.html), when \\& why"));
    }
}
