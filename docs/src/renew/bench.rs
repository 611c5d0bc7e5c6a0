//! Runs a pattern's benchmarks and writes what its page shows of them: `benches/results.md`.
//!
//! `benches/<pattern>.rs` measures with criterion. Every group holds the recipe under the name of
//! its function, and beside it other ways to do the same. A name has in parentheses what that way
//! lacks; one without parentheses gives what the recipe gives. `benches/memory.rs`, if there is
//! one, prints a Markdown table.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::run::programs::cargo;

/// How much slower than a way with the same guarantees a recipe may be.
const LIMIT: f64 = 1.05;

/// One measurement, as criterion left it.
#[derive(Debug)]
struct Measured {
    /// When criterion wrote it, which tells in which order the bench ran.
    at: SystemTime,
    /// The table's column.
    group: String,
    /// The table's row: the way's name.
    way: String,
    /// The median of the time that one call takes, in nanoseconds.
    median: f64,
}

/// Runs the benchmarks of the pattern `name` and writes their results into its folder. Returns the
/// file's path.
///
/// Takes minutes. Cargo's and criterion's words go to stdout and stderr, and so does a line for
/// every group in which the recipe is more than 1.05 times slower than a way that gives the same.
///
/// # Errors
/// When a benchmark does not build or fails, when a group does not hold the recipe, or when a file
/// cannot be read or written.
pub fn write(workspace: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let folder = workspace.join("patterns").join(name).join("benches");
    // A folder of its own, or the table would also show what an earlier bench left there.
    let results = tempfile::tempdir()?;
    let status = bench(workspace, name, name)
        .env("CRITERION_HOME", results.path())
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "the benchmark of {name} failed");
    let mut measured = Vec::new();
    read(results.path(), &mut measured)?;
    measured.sort_by_key(|measured| measured.at);

    let recipe = name.replace('-', "_");
    let (mut page, slow) = table(&recipe, &measured)?;
    if folder.join("memory.rs").is_file() {
        let output = bench(workspace, name, "memory")
            .stderr(Stdio::inherit())
            .output()
            .context("cannot start cargo")?;
        ensure!(
            output.status.success(),
            "the memory benchmark of {name} failed"
        );
        page.push('\n');
        page.push_str(&String::from_utf8(output.stdout)?);
    }
    let cores = std::thread::available_parallelism()?;
    let rustc = rustc()?;
    writeln!(
        page,
        "\nMeasured on {cores} cores ({}, {}) with {rustc}, by `cargo run -p docs -- bench {name}`.",
        std::env::consts::OS,
        std::env::consts::ARCH,
    )?;

    for line in slow {
        eprintln!("{line}");
    }
    let path = folder.join("results.md");
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn bench(workspace: &Path, package: &str, bench: &str) -> Command {
    let mut cargo = cargo(workspace);
    cargo.args(["bench", "--package", package, "--bench", bench]);
    cargo
}

/// The compiler's name and version, such as `rustc 1.95.0`.
fn rustc() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("--version")
        .output()
        .context("cannot start rustc")?;
    let version = String::from_utf8(output.stdout)?;
    Ok(version
        .split_whitespace()
        .take(2)
        .collect::<Vec<_>>()
        .join(" "))
}

/// Collects every measurement below a folder: `<group>/<way>/new/{benchmark,estimates}.json`.
fn read(folder: &Path, into: &mut Vec<Measured>) -> anyhow::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        let path = entry.path();
        if !path.is_dir() {
            continue;
        }
        if entry.file_name() != "new" {
            read(&path, into)?;
            continue;
        }
        let file = path.join("benchmark.json");
        let benchmark: Value = serde_json::from_slice(&fs::read(&file)?)?;
        let estimates: Value = serde_json::from_slice(&fs::read(path.join("estimates.json"))?)?;
        let texts = [&benchmark["group_id"], &benchmark["function_id"]].map(Value::as_str);
        let median = estimates["median"]["point_estimate"].as_f64();
        let ([Some(group), Some(way)], Some(median)) = (texts, median) else {
            bail!("{} has no group, function or median", path.display());
        };
        into.push(Measured {
            at: file.metadata()?.modified()?,
            group: group.to_owned(),
            way: way.to_owned(),
            median,
        });
    }
    Ok(())
}

/// The table, and a line for each time above [`LIMIT`].
fn table(recipe: &str, measured: &[Measured]) -> anyhow::Result<(String, Vec<String>)> {
    let median = |group: &str, way: &str| {
        let mut found = measured.iter();
        let found = found.find(|one| one.group == group && one.way == way);
        found.map(|one| one.median)
    };
    let groups = distinct(measured.iter().map(|one| one.group.as_str()));
    let ways = distinct(measured.iter().map(|one| one.way.as_str()));
    let mut recipes = Vec::new();
    for group in &groups {
        let time = median(group, recipe);
        recipes.push(time.with_context(|| format!("{group}: no benchmark has the name {recipe}"))?);
    }
    ensure!(!groups.is_empty(), "criterion has measured nothing");

    let mut page = format!(
        "Time as a multiple of what `{recipe}` takes: 0.25 is a quarter of it.\n\n| way | lacks |"
    );
    let mut slow = Vec::new();
    for group in &groups {
        write!(page, " {group} |")?;
    }
    page.push_str("\n| --- | --- |");
    page.push_str(&" ---: |".repeat(groups.len()));
    for &way in &ways {
        let (name, lacks) = match way.strip_suffix(')').and_then(|way| way.split_once(" (")) {
            Some((name, lacks)) => (name, Some(lacks)),
            None => (way, None),
        };
        let lacking = lacks.map_or_else(String::new, |lacks| format!(" {lacks}"));
        write!(page, "\n| `{name}` |{lacking} |")?;
        for (group, of_recipe) in groups.iter().zip(&recipes) {
            let Some(time) = median(group, way) else {
                page.push_str(" |");
                continue;
            };
            write!(page, " {:.2} |", time / of_recipe)?;
            let slower = of_recipe / time;
            if lacks.is_none() && !way.starts_with(recipe) && slower > LIMIT {
                slow.push(format!(
                    "{group}: {recipe} takes {slower:.2} times as long as {name}, which gives the same"
                ));
            }
        }
    }
    write!(page, "\n| one call of `{recipe}` | |")?;
    for nanoseconds in recipes {
        write!(
            page,
            " {:.1?} |",
            Duration::from_secs_f64(nanoseconds / 1e9)
        )?;
    }
    page.push('\n');
    Ok((page, slow))
}

/// Every text once, in the order of its first place.
fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for text in texts {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(group: &str, way: &str, median: f64) -> Measured {
        Measured {
            at: SystemTime::UNIX_EPOCH,
            group: group.to_owned(),
            way: way.to_owned(),
            median,
        }
    }

    #[test]
    fn times_are_held_against_the_recipes() {
        let measured = [
            measured("few", "task_group", 2_000.0),
            measured("few", "by hand", 1_900.0),
            measured("few", "tasks (order)", 500.0),
            measured("many", "task_group", 3e6),
            measured("many", "by hand", 2e6),
        ];
        let (page, slow) = table("task_group", &measured).unwrap();
        let expected = "\
Time as a multiple of what `task_group` takes: 0.25 is a quarter of it.

| way | lacks | few | many |
| --- | --- | ---: | ---: |
| `task_group` | | 1.00 | 1.00 |
| `by hand` | | 0.95 | 0.67 |
| `tasks` | order | 0.25 | |
| one call of `task_group` | | 2.0µs | 3.0ms |
";
        assert_eq!(page, expected);
        // 1.053 in the first group; what lacks something is no measure.
        let expected = [
            "few: task_group takes 1.05 times as long as by hand, which gives the same",
            "many: task_group takes 1.50 times as long as by hand, which gives the same",
        ];
        assert_eq!(slow, expected);
    }

    #[test]
    fn a_group_without_the_recipe_is_an_error() {
        let error = table("gather", &[measured("few", "by hand", 1.0)]).unwrap_err();
        assert_eq!(error.to_string(), "few: no benchmark has the name gather");
        assert!(table("gather", &[]).is_err());
    }
}
