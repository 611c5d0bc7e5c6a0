//! Mistake: a future that is not cancel safe, made anew in each round of a `select!` loop. When the
//! other branch wins, `read_exact` is dropped with the bytes that it had read.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};
use wait::{first_completed, wait};

const TICK: Duration = Duration::from_millis(50);

/// Sends two frames of four bytes, `one ` and `two `, in three pieces. At each tick a part of a frame
/// has arrived.
async fn send(mut line: DuplexStream) {
    for piece in ["on", "e t", "wo "] {
        sleep(Duration::from_millis(40)).await;
        line.write_all(piece.as_bytes())
            .await
            .expect("the receiver is there");
    }
}

/// Reads one frame of four bytes. Gives the line back for the next one.
async fn read_frame(mut line: DuplexStream) -> Option<(DuplexStream, String)> {
    let mut frame = [0; 4];
    line.read_exact(&mut frame).await.ok()?;
    let text = String::from_utf8_lossy(&frame);
    Some((line, text.trim_end().to_owned()))
}

/// Returns the frames that have arrived.
pub async fn mistake() -> Vec<String> {
    let (sender, mut line) = duplex(64);
    let sending = tokio::spawn(send(sender));
    let mut ticks = interval(TICK);
    let mut frames = Vec::new();
    loop {
        let mut frame = [0; 4];
        tokio::select! {
            // `read_exact` has taken the first half. Dropping it throws that half away.
            _ = ticks.tick() => {}
            read = line.read_exact(&mut frame) => match read {
                Ok(_) => frames.push(String::from_utf8_lossy(&frame).trim_end().to_owned()),
                Err(_) => break,
            },
        }
    }
    sending.await.expect("sending does not panic");
    frames
}

/// Returns the frames that have arrived.
pub async fn with_wait() -> Vec<String> {
    let (sender, line) = duplex(64);
    let sending = tokio::spawn(send(sender));
    let mut reading = JoinSet::new();
    reading.spawn(read_frame(line));
    let mut tick = Instant::now();
    let mut frames = Vec::new();
    let mut done = Vec::new();
    while !reading.is_empty() {
        // A tick ends the wait. The task reads on.
        if !wait(&mut reading, first_completed, Some(tick), &mut done).await {
            tick += TICK;
        }
        for ended in done.drain(..) {
            if let Some((line, frame)) = ended.result.expect("reading does not panic") {
                frames.push(frame);
                reading.spawn(read_frame(line));
            }
        }
    }
    sending.await.expect("sending does not panic");
    frames
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("mistake: {:?}", mistake().await);
    println!("recipe:  {:?}", with_wait().await);
}
