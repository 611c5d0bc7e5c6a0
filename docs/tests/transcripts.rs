//! The transcripts, the pictures and the copies on the pages are what the demos make.

mod support;

use std::time::Instant;

use docs::{expected, pattern};
use support::{patterns, programs, report, short};

#[test]
fn everything_generated_is_fresh() {
    patterns();
    let wanted = expected::wanted(&pattern::workspace(), programs()).expect("all demos succeed");
    let stale = expected::stale(&wanted);
    let problems: Vec<_> = stale
        .map(|path| format!("{} is stale: `just expected` mends it", short(path)))
        .collect();
    report(&problems);
}

#[test]
fn twenty_runs_print_the_same_bytes() {
    let mut problems = Vec::new();
    for pattern in patterns() {
        let start = Instant::now();
        for (file, argument) in expected::variants(&pattern, "expected", "txt").expect("a folder") {
            let arguments: Vec<_> = ["--paused"]
                .into_iter()
                .chain(argument.as_deref())
                .collect();
            let run = || expected::run(programs(), &pattern.name, &arguments);
            let first = run().expect("the demo succeeds");
            if (1..20).any(|_| run().expect("the demo succeeds") != first) {
                problems.push(format!(
                    "{}: the demo prints something else in each run",
                    short(&file)
                ));
            }
        }
        println!("{}: {} ms", pattern.name, start.elapsed().as_millis());
    }
    report(&problems);
}
