//! What is read of a pattern, and that all of them have what a pattern has.

mod anatomy;
mod pages;
