//! Changes to a text, collected first and made at once, so that every place is one of the old text.

use std::ops::Range;

/// Changes to a text.
#[derive(Debug, Default)]
pub struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Puts `text` in the place of what stands there. What is changed inside of it is lost.
    pub fn replace(&mut self, range: Range<usize>, text: String) {
        self.0.push((range, text));
    }

    /// Puts `text` before what stands there.
    pub fn insert(&mut self, at: usize, text: String) {
        self.0.push((at..at, text));
    }

    /// The text with all changes.
    #[must_use]
    pub fn apply(mut self, old: &str) -> String {
        // Of two that begin in the same place, an insertion comes first.
        self.0.sort_by_key(|(range, _)| (range.start, range.end));
        let (mut new, mut done) = (String::with_capacity(old.len()), 0);
        for (range, text) in self.0 {
            if range.start >= done {
                new.push_str(&old[done..range.start]);
                new.push_str(&text);
                done = range.end;
            }
        }
        new + &old[done..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_made_in_the_places_of_the_old_text() {
        let mut edits = Edits::default();
        edits.replace(4..7, "2".to_owned());
        edits.insert(0, "- ".to_owned());
        edits.replace(5..6, "inside of a change".to_owned());
        edits.insert(7, ",".to_owned());
        assert_eq!(edits.apply("one two three"), "- one 2, three");
    }
}
