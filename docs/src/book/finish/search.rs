//! Makes the search's index smaller. mdBook's has each word of the book at least three times: in the
//! text, and letter by letter in the tree that finds it. The text is enough, because a browser makes
//! the tree in a moment, when somebody searches. Sources and pictures are not in it at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What mdBook's index is written between.
const INDEX: (&str, &str) = (
    "window.search = Object.assign(window.search, JSON.parse('",
    "'));",
);

/// How mdBook's search takes the index, and what it has to do in its place.
pub(crate) const LOAD: (&str, &str) = (
    "searchindex = elasticlunr.Index.load(config.index);",
    "searchindex = elasticlunr(function () {
            ['title', 'body', 'breadcrumbs'].forEach((field) => this.addField(field));
        });
        config.docs.forEach((doc, id) => searchindex.addDoc({ id: String(id), ...doc }));",
);

/// Parts of a page that are not searched, each with its end and the bytes that it has at least: long
/// code is a source, and a reader searches for what is said about it. A short example is found.
const UNSEARCHED: [(&str, &str, usize); 3] = [
    ("<svg", "</svg>", 0),
    ("<details class=\"bars\"", "</details>", 0),
    ("<pre", "</pre>", 800),
];

/// What there is of mdBook's index.
#[derive(Deserialize)]
struct Whole {
    doc_urls: Vec<String>,
    index: Tree,
    results_options: Value,
    search_options: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tree {
    document_store: Store,
}

#[derive(Deserialize)]
struct Store {
    docs: BTreeMap<String, Section>,
}

#[derive(Deserialize, Serialize)]
struct Section {
    title: String,
    body: String,
    breadcrumbs: String,
}

/// What is left of it.
#[derive(Serialize)]
struct Small {
    doc_urls: Vec<String>,
    docs: Vec<Section>,
    results_options: Value,
    search_options: Value,
}

/// The index of a built book, from what mdBook has written.
///
/// # Errors
/// When the index or a page is not what it was.
pub(crate) fn small(book: &Path, index: &str) -> anyhow::Result<String> {
    let json = index
        .strip_prefix(INDEX.0)
        .and_then(|rest| rest.strip_suffix(INDEX.1));
    let json = json.context("mdBook's search index is not what it was")?;
    let json = json.replace("\\'", "'").replace("\\\\", "\\");
    let mut whole: Whole = serde_json::from_str(&json).context("mdBook's search index")?;
    let mut pages = BTreeMap::new();
    let mut docs = Vec::new();
    for (id, url) in whole.doc_urls.iter().enumerate() {
        let section = whole.index.document_store.docs.remove(&id.to_string());
        let mut section = section.with_context(|| format!("the search index has no {url}"))?;
        let page = url.split('#').next().unwrap_or(url);
        if !pages.contains_key(page) {
            let html = fs::read_to_string(book.join(page)).with_context(|| page.to_owned())?;
            pages.insert(page, unsearched(&html));
        }
        for text in &pages[page] {
            section.body = section.body.replace(text, "");
        }
        docs.push(section);
    }
    let json = serde_json::to_string(&Small {
        docs,
        doc_urls: whole.doc_urls,
        results_options: whole.results_options,
        search_options: whole.search_options,
    })?;
    let json = json.replace('\\', "\\\\").replace('\'', "\\'");
    Ok(format!("{}{json}{}", INDEX.0, INDEX.1))
}

/// The texts of a page that are not searched, as they stand in mdBook's index.
fn unsearched(page: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for (begin, end, least) in UNSEARCHED {
        let parts = page.split(begin).skip(1);
        let texts_of = parts.filter_map(|part| {
            let (part, _) = part.split_once(end)?;
            let text = text_of(&format!("{begin}{part}"));
            (text.len() > least).then_some(text)
        });
        texts.extend(texts_of);
    }
    texts
}

/// The text of a part of a page as mdBook indexes it: a space for each element, and no two of them.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text += before;
        if tag.starts_with(char::is_alphabetic) {
            text.push(' ');
        }
        let mut quoted = None;
        let end = tag.find(|c| match quoted {
            None if c == '>' => true,
            None if c == '"' || c == '\'' => {
                quoted = Some(c);
                false
            }
            Some(quote) if quote == c => {
                quoted = None;
                false
            }
            _ => false,
        });
        rest = end.map_or("", |end| &tag[end + 1..]);
    }
    text += rest;
    for (name, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(name, character);
    }
    collapsed(text.trim())
}

fn collapsed(text: &str) -> String {
    let mut collapsed = String::new();
    let mut spaces = String::new();
    for character in text.chars() {
        if character.is_whitespace() {
            spaces.push(character);
            continue;
        }
        match spaces.chars().count() {
            0 | 1 => collapsed += &spaces,
            _ => collapsed.push(' '),
        }
        spaces.clear();
        collapsed.push(character);
    }
    collapsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_has_the_sections_without_pictures_and_sources() {
        let book = tempfile::tempdir().unwrap();
        let source = "let it = 'here';\n".repeat(60);
        let page = format!(
            "<h2 id=\"a\">A</h2><p>before</p><svg aria-label=\"a > b\"><text>lane</text>\
             <text>1 ms</text></svg><p>after</p><pre><code>{source}</code></pre>\
             <pre><code>short()</code></pre>"
        );
        fs::write(book.path().join("a.html"), page).unwrap();
        let body = collapsed(&format!("before lane 1 ms after  {source} short()"));
        let section = serde_json::json!({
            "id": "0", "title": "A \\ 'a'", "body": body, "breadcrumbs": "A",
        });
        let whole = serde_json::json!({
            "doc_urls": ["a.html#a"],
            "index": {"documentStore": {"docs": {"0": section}}, "index": {"body": {}}},
            "results_options": {}, "search_options": {},
        });
        let json = whole.to_string().replace('\\', "\\\\").replace('\'', "\\'");
        let index = format!("{}{json}{}", INDEX.0, INDEX.1);
        assert_eq!(
            small(book.path(), &index).unwrap(),
            "window.search = Object.assign(window.search, JSON.parse('{\"doc_urls\":[\"a.html#a\"],\
             \"docs\":[{\"title\":\"A \\\\\\\\ \\'a\\'\",\"body\":\"before  after  short()\",\
             \"breadcrumbs\":\"A\"}],\"results_options\":{},\"search_options\":{}}'));"
        );
        for broken in ["", &index[1..], &index.replace("documentStore", "store")] {
            assert!(small(book.path(), broken).is_err(), "{broken}");
        }
    }
}
