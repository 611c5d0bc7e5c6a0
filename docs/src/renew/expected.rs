//! What the demos make: the transcripts, the pictures, and their copies on the pages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use anyhow::Context as _;
use common::timeline::{json, svg};

use super::fill::fill;
use crate::pattern::{self, Folder};
use crate::run::programs::{self, Program};

/// Every generated file with the content it should have, and every page with what it should hold
/// between its `<!-- begin FILE -->` and `<!-- end FILE -->` lines.
///
/// # Errors
/// When a demo fails, a file cannot be read, or such a line has no partner.
pub fn wanted(workspace: &Path, programs: &[Program]) -> anyhow::Result<BTreeMap<PathBuf, String>> {
    let mut wanted = BTreeMap::new();
    let mut pages = Vec::new();
    for folder in pattern::folders(workspace)? {
        generated(&folder, programs, &mut wanted)?;
        pages.push(folder.dir.join("README.md"));
    }
    pages.push(workspace.join("README.md"));
    // Last, because a chapter may copy a pattern's page.
    chapters(&workspace.join("docs/book/src"), &mut pages)?;
    for page in pages.into_iter().filter(|page| page.is_file()) {
        let dir = page.parent().unwrap_or(workspace);
        let filled = fill(&read(&page)?, |file| {
            let path = without_dots(&dir.join(file));
            let made = wanted.get(&path).cloned();
            made.map_or_else(|| read(&path), Ok)
        });
        let filled = filled.with_context(|| page.display().to_string())?;
        wanted.insert(page, filled);
    }
    Ok(wanted)
}

/// Adds what one demo makes. It runs once for each argument that a transcript or a picture is of.
fn generated(
    folder: &Folder,
    programs: &[Program],
    wanted: &mut BTreeMap<PathBuf, String>,
) -> anyhow::Result<()> {
    let transcripts = folder.variants("expected", "txt")?;
    let pictures = folder.variants("timeline", "svg")?;
    let arguments: BTreeSet<_> = transcripts.values().chain(pictures.values()).collect();
    let recorded = tempfile::tempdir()?;
    let recorded = recorded.path().join("timeline.json");
    let file = recorded
        .to_str()
        .context("the temporary folder has no UTF-8 name")?;
    for argument in arguments {
        let all = ["--paused", "--timeline", file]
            .into_iter()
            .chain(argument.as_deref());
        let printed = programs::run(programs, &folder.name, &all.collect::<Vec<_>>())?;
        let json = read(&recorded)?;
        let timeline = json::read(&json).context("a demo writes what can be read")?;
        for path in of(&transcripts, argument) {
            wanted.insert(path.clone(), printed.clone());
        }
        for path in of(&pictures, argument) {
            wanted.insert(path.with_extension("json"), json.clone());
            wanted.insert(path.clone(), svg::draw(&timeline));
        }
    }
    let arguments = programs::run(programs, &folder.name, &["--arguments"])?;
    wanted.insert(folder.dir.join("arguments.json"), arguments);
    Ok(())
}

/// The files that stand for an argument.
fn of<'a>(
    files: &'a BTreeMap<PathBuf, Option<String>>,
    argument: &Option<String>,
) -> impl Iterator<Item = &'a PathBuf> {
    let files = files.iter().filter(move |(_, of)| *of == argument);
    files.map(|(path, _)| path)
}

/// The files whose content is not the wanted one.
pub fn stale(wanted: &BTreeMap<PathBuf, String>) -> impl Iterator<Item = &Path> {
    let is_stale =
        |(path, content): &(&PathBuf, &String)| read(path).ok().as_ref() != Some(*content);
    wanted
        .iter()
        .filter(is_stale)
        .map(|(path, _)| path.as_path())
}

/// Writes every file whose content is not the wanted one, and returns which these were.
///
/// # Errors
/// Those of [`programs::build`] and [`wanted`], and when a file cannot be written.
pub fn write(workspace: &Path) -> anyhow::Result<Vec<PathBuf>> {
    // On Windows, a program that runs cannot be replaced: and this one runs.
    let without_this: &[&str] = if cfg!(windows) {
        &["--exclude", "docs"]
    } else {
        &[]
    };
    let wanted = wanted(workspace, &programs::build(workspace, without_this)?)?;
    let mut written = Vec::new();
    for path in stale(&wanted) {
        // A page is somebody's work: it is replaced as a whole, or not at all.
        let new = path.with_extension("new");
        fs::write(&new, &wanted[path])
            .and_then(|()| fs::rename(&new, path))
            .with_context(|| format!("cannot write {}", path.display()))?;
        written.push(path.to_path_buf());
    }
    Ok(written)
}

/// A file's text, with `\n` at the end of each line also where git wrote `\r\n`.
fn read(path: &Path) -> anyhow::Result<String> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.replace("\r\n", "\n"))
}

fn chapters(dir: &Path, pages: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = dir.read_dir()?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            chapters(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(())
}

/// `a/b/../c` as `a/c`: the path need not exist.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_stale_when_missing_or_different_but_not_for_its_line_endings() {
        let dir = tempfile::tempdir().unwrap();
        let wanted: BTreeMap<_, _> = [
            ("same", "a\nb\n"),
            ("windows", "a\nb\n"),
            ("other", "a\n"),
            ("missing", ""),
        ]
        .map(|(name, content)| (dir.path().join(name), content.to_owned()))
        .into();
        fs::write(dir.path().join("same"), "a\nb\n").unwrap();
        fs::write(dir.path().join("windows"), "a\r\nb\r\n").unwrap();
        fs::write(dir.path().join("other"), "a").unwrap();
        let stale: Vec<_> = stale(&wanted).collect();
        assert_eq!(
            stale,
            [dir.path().join("missing"), dir.path().join("other")]
        );
    }

    #[test]
    fn a_path_loses_its_dots() {
        assert_eq!(
            without_dots(Path::new("/w/docs/book/src/../../../patterns/./x")),
            Path::new("/w/patterns/x")
        );
    }
}
