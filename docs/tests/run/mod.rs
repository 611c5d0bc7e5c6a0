//! Demos that are run, by hand and by a page.

mod demos;
mod runs;
