//! A process that cannot outlive its owner, and what it prints, within limits.

use std::io;
use std::process::ExitStatus;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{ChildStderr, ChildStdout, Command};

/// A process and all that it starts in its group, such as cargo's compilers. Dropping it kills them.
/// A child that makes a group of its own is its parent's to end.
#[derive(Debug)]
pub struct Process {
    child: Box<dyn ChildWrapper>,
    // Its group's number may be another's from now on.
    is_over: bool,
}

impl Process {
    /// Starts the command with its stdout and stderr piped and nothing to read.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command) -> io::Result<Self> {
        use std::process::Stdio;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut command = CommandWrap::from(command);
        command.wrap(KillOnDrop);
        // Not in this program's group, so that Ctrl-C is only this program's: it kills them all.
        #[cfg(unix)]
        command.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::tokio::JobObject);
        let child = command.spawn()?;
        Ok(Self {
            child,
            is_over: false,
        })
    }

    /// What it prints on stdout and on stderr. To be taken once.
    pub fn output(&mut self) -> Option<(ChildStdout, ChildStderr)> {
        Some((self.child.stdout().take()?, self.child.stderr().take()?))
    }

    /// Waits for its end, then kills what it has left behind, which could hold its output open.
    ///
    /// # Errors
    /// When the system cannot say how it ended.
    pub async fn end(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.kill();
        self.is_over = true;
        status
    }

    fn kill(&mut self) {
        // An error means that there is nothing left to kill.
        let _ = self.child.start_kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.is_over {
            self.kill();
        }
    }
}

/// Why a [`Lines`] gave up.
#[derive(Debug, thiserror::Error)]
pub enum TooMuch {
    /// One line did not end in time.
    #[error("a line of more than {0} bytes")]
    Line(u64),
    /// The lines together were too long.
    #[error("more than {0} bytes")]
    Output(u64),
}

/// The lines of an output, never more than one of them in memory.
pub struct Lines<R> {
    output: BufReader<R>,
    longest: u64,
    most: u64,
    seen: u64,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Lines of at most `longest` bytes each, and `most` bytes in all.
    pub fn new(output: R, longest: u64, most: u64) -> Self {
        Self {
            output: BufReader::new(output),
            longest,
            most,
            seen: 0,
        }
    }

    /// The next line, without its end. `None` at the end of the output, where what follows the last
    /// line break is left out: whoever wrote it did not come to its end.
    ///
    /// # Errors
    /// When there is too much of it. A broken pipe is the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, TooMuch> {
        let mut line = Vec::new();
        let mut output = (&mut self.output).take(self.longest + 1);
        let read = output.read_until(b'\n', &mut line).await;
        self.seen += line.len() as u64;
        if self.seen > self.most {
            return Err(TooMuch::Output(self.most));
        }
        if line.pop_if(|last| *last == b'\n').is_some() && read.is_ok() {
            return Ok(Some(line));
        }
        if line.len() as u64 > self.longest {
            return Err(TooMuch::Line(self.longest));
        }
        Ok(None)
    }
}

/// Reads an output to its end, and keeps its last `most` bytes.
pub async fn tail(mut output: impl AsyncRead + Unpin, most: usize) -> String {
    let mut kept = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = output.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..read]);
        kept.drain(..kept.len().saturating_sub(most));
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(text: &[u8], longest: u64, most: u64) -> (Vec<String>, Option<String>) {
        let mut lines = Lines::new(text, longest, most);
        let mut found = Vec::new();
        loop {
            match lines.next().await {
                Ok(Some(line)) => found.push(String::from_utf8(line).unwrap()),
                Ok(None) => return (found, None),
                Err(too_much) => return (found, Some(too_much.to_string())),
            }
        }
    }

    #[tokio::test]
    async fn lines_are_told_up_to_each_limit_and_not_beyond() {
        let (found, error) = lines(b"abc\n\nde\nf", 3, 9).await;
        assert_eq!((found.join("|"), error), ("abc||de".into(), None));
        let (found, error) = lines(b"ab\nabcd\n", 3, 9).await;
        assert_eq!(found, ["ab"]);
        assert_eq!(error.unwrap(), "a line of more than 3 bytes");
        let (found, error) = lines(b"abc\nabc\na\n", 3, 9).await;
        assert_eq!(found, ["abc", "abc"]);
        assert_eq!(error.unwrap(), "more than 9 bytes");
    }

    #[tokio::test]
    async fn of_a_long_output_the_end_is_kept() {
        let text = format!("{}end", "x".repeat(10_000));
        assert_eq!(tail(text.as_bytes(), 5).await, "xxend");
        assert_eq!(tail(&b"all"[..], 5).await, "all");
    }
}
