//! One task works while its caller waits for it.

use std::convert::Infallible;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use common::timeline::{Bars as _, track};
use common::{demo, say};
use tokio::time::{Instant, sleep};

use {{module}}::in_task;

/// Runs one task and waits for what it returns.
#[derive(Parser)]
#[command(bin_name = "cargo run -p {{name}} --")]
struct Args {}

fn main() -> ExitCode {
    demo::run(tell)
}

/// Returns the line that says what to notice.
async fn tell(_args: Args) -> anyhow::Result<String> {
    let start = Instant::now();
    let answer = in_task(track("task", work())).await?;
    say!("the caller has {answer}");
    let waited = start.elapsed().as_millis();
    Ok(format!("the caller waited {waited} ms for its task"))
}

async fn work() -> Result<u32, Infallible> {
    say!("begins");
    let answer = sleep(Duration::from_millis(300));
    answer.waiting("for the answer").await;
    say!("has the answer");
    Ok(42)
}
