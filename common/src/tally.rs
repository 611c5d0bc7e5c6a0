//! Counts what several tasks do.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::say;

/// A count for each of several names.
#[derive(Debug)]
pub struct Tally<const N: usize> {
    counts: [(&'static str, AtomicUsize); N],
}

impl<const N: usize> Tally<N> {
    /// Nothing of each.
    pub fn new(names: [&'static str; N]) -> Self {
        Tally {
            counts: names.map(|name| (name, AtomicUsize::new(0))),
        }
    }

    /// Counts so many more under this name.
    ///
    /// # Panics
    /// When it is none of the names.
    pub fn add(&self, name: &str, more: usize) {
        let same = self.counts.iter().find(|(it, _)| *it == name);
        let (_, count) = same.expect("the name is one of the tally's");
        count.fetch_add(more, Ordering::Relaxed);
    }

    fn counts(&self) -> [usize; N] {
        std::array::from_fn(|index| self.counts[index].1.load(Ordering::Relaxed))
    }

    /// The sum of the counts.
    pub fn total(&self) -> usize {
        self.counts().iter().sum()
    }

    /// Says an empty line, and then a line for each name. Returns the counts.
    pub fn report(&self) -> [usize; N] {
        say!("");
        let longest = self.counts.iter().map(|(name, _)| name.len()).max();
        let width = longest.unwrap_or_default();
        let counts = self.counts();
        for ((name, _), count) in self.counts.iter().zip(counts) {
            say!("{name:<width$}  {count}");
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;

    use super::*;
    use crate::timeline;

    #[tokio::test]
    async fn what_was_counted_is_said_in_columns() {
        let (layer, recording) = timeline::recorder(|_| {});
        let _subscriber = tracing_subscriber::registry().with(layer).set_default();
        recording.start();

        let tally = Tally::new(["done", "not read"]);
        tally.add("not read", 2);
        tally.add("done", 1);
        tally.add("done", 1);
        assert_eq!((tally.report(), tally.total()), ([2, 2], 4));
        let lines = recording.snapshot().lines;
        let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["", "done      2", "not read  2"]);
    }
}
