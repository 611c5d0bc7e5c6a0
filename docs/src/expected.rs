//! Makes what the pages show: the transcripts, the pictures and the parts copied into Markdown.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use common::timeline::{json, svg};

use crate::pattern::{self, Pattern};

/// A demo or a test of the workspace, built.
#[derive(Debug)]
pub struct Program {
    /// Its name, which is the pattern's when it is a demo.
    pub name: String,
    /// Whether it is a file in a `tests` folder, and not a demo.
    pub is_test: bool,
    /// The file that holds its `main` or its tests.
    pub source: PathBuf,
    /// What to run.
    pub executable: PathBuf,
}

/// Builds the workspace's demos and tests, with these further arguments for `cargo build`.
///
/// # Errors
/// When cargo cannot be started or does not succeed. What it has to say goes to stderr.
pub fn build(workspace: &Path, arguments: &[&str]) -> anyhow::Result<Vec<Program>> {
    // The same targets as `cargo test`, and so the same features: after it there is nothing to build.
    let output = cargo(workspace)
        .args(["build", "--workspace", "--bins", "--tests"])
        .args(["--quiet", "--message-format=json-render-diagnostics"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo build failed");
    }
    let mut programs = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        let target = &message["target"];
        let is_test = target["kind"][0] == "test";
        let is_demo = target["kind"][0] == "bin" && message["profile"]["test"] == false;
        let texts = [&target["name"], &target["src_path"], &message["executable"]];
        if let [Some(name), Some(source), Some(executable)] = texts.map(|value| value.as_str())
            && (is_test || is_demo)
        {
            programs.push(Program {
                name: name.to_owned(),
                is_test,
                source: source.into(),
                executable: executable.into(),
            });
        }
    }
    Ok(programs)
}

/// Cargo, to be run in the workspace as a shell would run it.
pub fn cargo(workspace: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Cargo tells a program which package it belongs to. A build script that watches these names,
    // as ring's does, would run again, and all that depends on it would be built again.
    for (name, _) in std::env::vars_os() {
        let known = name.to_string_lossy();
        if known.starts_with("CARGO_MANIFEST_") || known.starts_with("CARGO_PKG_") {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(workspace);
    cargo
}

/// The files `<stem>.<extension>` and `<stem>--<flag>.<extension>` in the pattern's folder, each
/// with the argument that its name stands for. The first one need not be there.
///
/// # Errors
/// When the folder cannot be read.
pub fn variants(
    pattern: &Pattern,
    stem: &str,
    extension: &str,
) -> io::Result<BTreeMap<PathBuf, Option<String>>> {
    let mut variants = BTreeMap::new();
    variants.insert(pattern.dir.join(format!("{stem}.{extension}")), None);
    for entry in pattern.dir.read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension)
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
            && let Some(argument) = name.strip_prefix(stem)
            && argument.starts_with("--")
        {
            let argument = argument.to_owned();
            variants.insert(path, Some(argument));
        }
    }
    Ok(variants)
}

/// What a pattern's demo prints on stdout with these arguments.
///
/// # Errors
/// When it cannot be started or does not end with success; holds what it said on stderr.
pub fn run(programs: &[Program], name: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = demo(programs, name)?.args(arguments).output()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{name} {}: {}\n{}",
            arguments.join(" "),
            output.status,
            stderr.trim_end()
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The command that runs a pattern's demo, free of what the environment could change in its output.
///
/// # Errors
/// When the pattern has no demo.
pub fn demo(programs: &[Program], name: &str) -> anyhow::Result<Command> {
    let program = programs
        .iter()
        .find(|program| !program.is_test && program.name == name);
    let program = program.with_context(|| format!("{name} has no demo, src/main.rs"))?;
    let mut command = Command::new(&program.executable);
    command
        .env_remove("RUST_LOG")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS");
    Ok(command)
}

/// Every generated file with the content it should have, and every page with what it should hold
/// between its `<!-- begin FILE -->` and `<!-- end FILE -->` lines.
///
/// # Errors
/// When a demo fails, a file cannot be read, or such a line has no partner.
pub fn wanted(workspace: &Path, programs: &[Program]) -> anyhow::Result<BTreeMap<PathBuf, String>> {
    let mut wanted = BTreeMap::new();
    let mut pages = Vec::new();
    let pictures = tempfile::tempdir()?;
    let picture = pictures.path().join("timeline.json");
    let picture_argument = picture
        .to_str()
        .context("the temporary folder has no UTF-8 name")?;
    for pattern in pattern::all(workspace)? {
        for (path, argument) in variants(&pattern, "expected", "txt")? {
            let arguments: Vec<_> = ["--paused"]
                .into_iter()
                .chain(argument.as_deref())
                .collect();
            wanted.insert(path, run(programs, &pattern.name, &arguments)?);
        }
        for (path, argument) in variants(&pattern, "timeline", "svg")? {
            let arguments = ["--paused", "--timeline", picture_argument];
            let arguments: Vec<_> = arguments.into_iter().chain(argument.as_deref()).collect();
            run(programs, &pattern.name, &arguments)?;
            let json = read(&picture)?;
            fs::remove_file(&picture)?;
            let recorded = json::read(&json).context("a demo writes what can be read")?;
            wanted.insert(path.with_extension("json"), json);
            wanted.insert(path, svg::draw(&recorded));
        }
        let arguments = run(programs, &pattern.name, &["--arguments"])?;
        wanted.insert(pattern.dir.join("arguments.json"), arguments);
        pages.push(pattern.dir.join("README.md"));
    }
    pages.push(workspace.join("README.md"));
    // Last, because a chapter may copy a pattern's page.
    chapters(&workspace.join("docs/book/src"), &mut pages)?;
    for page in pages {
        if page.is_file() {
            let dir = page.parent().unwrap_or(workspace);
            let filled = fill(&read(&page)?, |file| {
                let path = without_dots(&dir.join(file));
                wanted
                    .get(&path)
                    .map_or_else(|| read(&path), |content| Ok(content.clone()))
            });
            let filled = filled.with_context(|| page.display().to_string())?;
            wanted.insert(page, filled);
        }
    }
    Ok(wanted)
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
/// Those of [`build`] and [`wanted`], and when a file cannot be written.
pub fn write(workspace: &Path) -> anyhow::Result<Vec<PathBuf>> {
    // On Windows, a program that runs cannot be replaced: and this one runs.
    let without_this: &[&str] = if cfg!(windows) {
        &["--exclude", "docs"]
    } else {
        &[]
    };
    let wanted = wanted(workspace, &build(workspace, without_this)?)?;
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

/// The page with the content of the named file between each pair of lines.
fn fill(page: &str, content: impl Fn(&str) -> anyhow::Result<String>) -> anyhow::Result<String> {
    let mut filled = String::new();
    let mut lines = page.split_inclusive('\n');
    while let Some(line) = lines.next() {
        filled.push_str(line);
        let file = line
            .trim()
            .strip_prefix("<!-- begin ")
            .and_then(|rest| rest.strip_suffix(" -->"));
        if let Some(file) = file {
            let end = format!("<!-- end {file} -->");
            let end_line = lines.by_ref().find(|line| line.trim() == end);
            filled.push_str(&block(file, &content(file)?));
            filled.push_str(end_line.with_context(|| format!("there is no `{end}`"))?);
        }
    }
    Ok(filled)
}

fn block(file: &str, content: &str) -> String {
    let content = content.trim_end_matches('\n');
    let language = match Path::new(file)
        .extension()
        .and_then(|extension| extension.to_str())
    {
        Some("md") => return format!("\n{content}\n\n"),
        Some("py") => "python",
        Some("rs") => "rust",
        Some("txt") | None => "text",
        Some(other) => other,
    };
    let mut fence = "```".to_owned();
    while content.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{language}\n{content}\n{fence}\n")
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
    fn a_file_stands_in_a_fence_that_is_long_enough() {
        let page = "a\n<!-- begin x/notes.txt -->\nold\n<!-- end x/notes.txt -->\nb";
        let filled = fill(page, |file| Ok(format!("{file}\n```\n"))).unwrap();
        let wanted = "a\n<!-- begin x/notes.txt -->\n````text\nx/notes.txt\n```\n````\n<!-- end x/notes.txt -->\nb";
        assert_eq!(filled, wanted);
        assert_eq!(
            fill(&filled, |file| Ok(format!("{file}\n```\n"))).unwrap(),
            wanted
        );
    }

    #[test]
    fn markdown_is_copied_as_it_is_also_when_it_has_such_lines_itself() {
        let page = "<!-- begin t.md -->\n<!-- end t.md -->\n";
        let inner = "<!-- begin u.txt -->\nu\n<!-- end u.txt -->\n";
        let filled = fill(page, |_| Ok(inner.to_owned())).unwrap();
        assert_eq!(
            filled,
            format!("<!-- begin t.md -->\n\n{inner}\n<!-- end t.md -->\n")
        );
        assert_eq!(fill(&filled, |_| Ok(inner.to_owned())).unwrap(), filled);
    }

    #[test]
    fn a_begin_without_its_end_is_an_error() {
        let error = fill("<!-- begin a.txt -->\n<!-- end b.txt -->\n", |_| {
            Ok(String::new())
        });
        assert_eq!(
            error.unwrap_err().to_string(),
            "there is no `<!-- end a.txt -->`"
        );
    }

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
