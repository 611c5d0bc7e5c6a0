//! Makes the built book smaller: mdBook writes its style sheets and scripts with their comments, and
//! lets every page load what only a search needs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::search;

/// The libraries of the search, which can come with the index: it is loaded when somebody searches.
const LIBRARIES: [&str; 2] = ["elasticlunr-", "mark-"];

/// What mdBook's search says about them before that, and what it has to say instead.
const EARLY_USES: [(&str, &str); 2] = [
    ("if (!Mark || !elasticlunr) {", "if (false) {"),
    (
        "marker = new Mark(content),",
        "marker = {
            mark: (...given) => new window.Mark(content).mark(...given),
            unmark: () => { if (window.Mark) { new window.Mark(content).unmark(); } },
        },",
    ),
];

/// Minifies style sheets and scripts, and moves what a search needs to the search's index.
///
/// # Errors
/// When mdBook's files are not what they were, or cannot be read as what they are.
pub fn slim(book: &Path) -> anyhow::Result<()> {
    let mut scripts = BTreeMap::new();
    for folder in ["", "css", "fonts"] {
        for entry in book.join(folder).read_dir()? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(".css") {
                shorten(&path, |text| Ok(minifier::css::minify(text)?.to_string()))?;
            } else if name.ends_with(".js") {
                scripts.insert(name.into_owned(), path);
            }
        }
    }
    search_when_asked(book, &scripts)?;
    for (name, path) in &scripts {
        // These two are as short as they get.
        let is_short = name.ends_with(".min.js")
            || name.starts_with("searchindex-")
            || name.starts_with("highlight-");
        if !is_short {
            shorten(path, |text| Ok(minifier::js::minify(text)?.to_string()))?;
        }
    }
    Ok(())
}

fn shorten(path: &Path, how: impl Fn(&str) -> Result<String, &'static str>) -> anyhow::Result<()> {
    let text = fs::read_to_string(path)?;
    let short = how(&text).map_err(|error| anyhow!("cannot minify {}: {error}", path.display()))?;
    Ok(fs::write(path, short)?)
}

/// Lets the libraries of the search come with its index, and not with each page.
fn search_when_asked(book: &Path, scripts: &BTreeMap<String, PathBuf>) -> anyhow::Result<()> {
    let find = |start: &str| {
        let mut found = scripts.iter().filter(|(name, _)| name.starts_with(start));
        let script = found.next().with_context(|| format!("no script {start}"));
        script.map(|(name, path)| (name.as_str(), path))
    };
    let (_, searcher) = find("searcher-")?;
    let mut text = fs::read_to_string(searcher)?;
    for (early, late) in EARLY_USES.into_iter().chain([search::LOAD]) {
        text.find(early)
            .with_context(|| format!("mdBook's search has no `{early}`"))?;
        text = text.replace(early, late);
    }
    fs::write(searcher, text)?;

    let (_, index) = find("searchindex-")?;
    let mut loaded = String::new();
    let mut tags = Vec::new();
    for library in LIBRARIES {
        let (name, path) = find(library)?;
        loaded += &format!("{}\n", fs::read_to_string(path)?);
        tags.push(name);
    }
    let small = search::small(book, &fs::read_to_string(index)?)?;
    fs::write(index, loaded + &small)?;
    without_scripts(book, &tags)
}

/// Takes the elements that load these scripts out of every page.
fn without_scripts(folder: &Path, names: &[&str]) -> anyhow::Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            without_scripts(&path, names)?;
        } else if path.extension().is_some_and(|end| end == "html") {
            let page = fs::read_to_string(&path)?;
            let loads = |line: &str| {
                line.contains("<script src=") && names.iter().any(|name| line.contains(name))
            };
            let lines = page.split_inclusive('\n').filter(|line| !loads(line));
            fs::write(&path, lines.collect::<String>())?;
        }
    }
    Ok(())
}
