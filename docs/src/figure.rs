//! A timeline as a part of a page.

use std::time::Duration;

use common::timeline::{Timeline, svg};

/// The inside of a `<figure class="player">`.
pub fn timeline(timeline: &Timeline, axis: Duration) -> String {
    svg::draw_along(timeline, axis)
}
