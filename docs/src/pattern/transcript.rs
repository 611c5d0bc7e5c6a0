//! What a pattern's demo prints on the paused clock.

use super::{Folder, ReadError};

/// What the demo prints when it is given an argument.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Transcript {
    /// The argument, such as `--mode=settled`; none for the first transcript.
    pub argument: Option<String>,
    /// The lines that the Python twin prints, too: all but the drawing.
    pub text: String,
}

/// The transcript without an argument first.
pub(super) fn read(folder: &Folder) -> Result<Vec<Transcript>, ReadError> {
    let mut transcripts = Vec::new();
    for (file, argument) in folder.variants("expected", "txt")? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let text = without_timeline(&folder.read(&name)?).join("\n");
        let text = text.trim_end().to_owned() + "\n";
        transcripts.push(Transcript { argument, text });
    }
    transcripts.sort();
    Ok(transcripts)
}

/// The lines of a transcript, without the drawing and the blank line that ends it.
#[must_use]
pub fn without_timeline(transcript: &str) -> Vec<&str> {
    let mut drawing = false;
    let mut lines = Vec::new();
    for line in transcript.lines() {
        let is_drawn = drawing || line.starts_with("timeline");
        drawing = is_drawn && !line.is_empty();
        if !is_drawn {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_without_its_drawing_has_all_other_lines() {
        assert_eq!(without_timeline("a\n\ntimeline\nx\n\nb\n"), ["a", "", "b"]);
    }
}
