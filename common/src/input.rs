//! A text that a demo works on, line by line: its own, a file, or standard input.
//!
//! Only its own is pretended to take time. What the demo was given is read at full speed.

use std::collections::VecDeque;
use std::time::Duration;
use std::{fs, io, mem, thread};

use anyhow::Context as _;
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;

use crate::timeline::Bars as _;

/// A text that a demo works on.
#[derive(Clone, Debug)]
pub enum Input {
    /// The demo's own, and how long it is pretended to take to read a line.
    BuiltIn(&'static str, Duration),
    /// It was in a file.
    File(String),
    /// It comes from standard input.
    Stdin,
}

/// Reads an argument that names a text file. `-` is standard input. For clap's `value_parser`.
///
/// # Errors
/// What is wrong with the file, in a few words.
pub fn file(name: &str) -> Result<Input, String> {
    match name {
        "-" => Ok(Input::Stdin),
        file => fs::read_to_string(file)
            .map(Input::File)
            .map_err(|error| error.to_string()),
    }
}

/// A line of a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place in the text, counted from one.
    pub number: usize,
    /// What stands in it, without the line break.
    pub text: String,
}

/// The lines of a text, for tasks that take them in turn.
#[derive(Debug)]
pub struct Lines {
    reading: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    here: VecDeque<Line>,
    coming: Option<mpsc::Receiver<io::Result<Line>>>,
}

impl Input {
    /// The lines. Standard input comes as it comes, but on the paused clock all of it is read first:
    /// nothing must depend there on when a line comes.
    ///
    /// # Errors
    /// When standard input cannot be read, on the paused clock.
    pub async fn lines(self, paused: bool) -> anyhow::Result<Lines> {
        let mut reading = Duration::ZERO;
        let mut state = State::default();
        match self {
            Input::BuiltIn(text, pretended) => {
                reading = pretended;
                state.here = lines_of(text);
            }
            Input::File(text) => state.here = lines_of(&text),
            Input::Stdin => state.coming = Some(lines_of_stdin()),
        }
        let lines = Lines {
            reading,
            state: Mutex::new(state),
        };
        if paused {
            let mut all = VecDeque::new();
            while let Some(line) = lines.take().await? {
                all.push_back(line);
            }
            lines.state.lock().await.here = all;
        }
        Ok(lines)
    }
}

impl Line {
    fn new((number, text): (usize, String)) -> Self {
        Line { number, text }
    }
}

impl Lines {
    /// Reads the next line, or `None` at the end, and shows it in the lane.
    ///
    /// # Errors
    /// When standard input cannot be read.
    ///
    /// # Cancel safety
    /// Dropping the call takes no line.
    pub async fn next(&self) -> anyhow::Result<Option<Line>> {
        if !self.reading.is_zero() {
            sleep(self.reading).working("reading").await;
        }
        self.take().waiting("for input").await
    }

    async fn take(&self) -> anyhow::Result<Option<Line>> {
        let mut state = self.state.lock().await;
        if let Some(line) = state.here.pop_front() {
            return Ok(Some(line));
        }
        let Some(coming) = &mut state.coming else {
            return Ok(None);
        };
        let line = coming.recv().await.transpose();
        line.context("cannot read standard input")
    }

    /// Takes what is here and was not taken, and returns how many lines that are.
    ///
    /// # Errors
    /// When standard input cannot be read.
    pub async fn rest(&self) -> anyhow::Result<usize> {
        let mut state = self.state.lock().await;
        let mut rest = mem::take(&mut state.here).len();
        while let Some(Ok(line)) = state.coming.as_mut().map(mpsc::Receiver::try_recv) {
            line.context("cannot read standard input")?;
            rest += 1;
        }
        Ok(rest)
    }
}

fn lines_of(text: &str) -> VecDeque<Line> {
    let lines = text.lines().map(str::to_owned);
    (1..).zip(lines).map(Line::new).collect()
}

/// Reads on a thread that nobody waits for: what waits for a key press cannot be cancelled.
fn lines_of_stdin() -> mpsc::Receiver<io::Result<Line>> {
    let (sender, receiver) = mpsc::channel(1);
    thread::spawn(move || {
        for (number, text) in (1..).zip(io::stdin().lines()) {
            let line = text.map(|text| Line::new((number, text)));
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn the_lines_of_a_text_are_numbered_and_what_is_left_is_counted() {
        let lines = Input::File("a\n\nb\nc".into()).lines(false).await.unwrap();
        let line = |number, text: &str| Some(Line::new((number, text.into())));
        assert_eq!(lines.next().await.unwrap(), line(1, "a"));
        assert_eq!(lines.next().await.unwrap(), line(2, ""));
        assert_eq!(lines.rest().await.unwrap(), 2);
        assert_eq!(lines.next().await.unwrap(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_built_in_text_is_pretended_to_take_time() {
        let fifteen = Duration::from_millis(15);
        for (input, takes) in [
            (Input::BuiltIn("a\nb", fifteen), 3 * fifteen),
            (Input::File("a\nb".into()), Duration::ZERO),
        ] {
            let start = Instant::now();
            let lines = input.lines(true).await.unwrap();
            assert_eq!(lines.next().await.unwrap().unwrap().text, "a");
            assert_eq!(lines.next().await.unwrap().unwrap().text, "b");
            assert_eq!(lines.next().await.unwrap(), None);
            assert_eq!(start.elapsed(), takes);
        }
    }

    #[tokio::test]
    async fn a_line_of_a_file_is_there_at_once() {
        let lines = Input::File("a".into()).lines(false).await.unwrap();
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(lines.next()).poll(&mut context).is_ready());
    }

    #[test]
    fn a_file_that_is_not_there_is_no_input() {
        assert!(file("no such folder/text.txt").is_err());
    }
}
