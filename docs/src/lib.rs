//! The book: how it is built, served and kept true.
//!
//! - [`pattern`]: reads a pattern once, into one value
//! - [`take`]: takes a recipe out, into another crate, and renews it there
//! - [`book`]: makes the book of what was read
//! - [`run`]: runs demos, for the pages and for the checks
//! - [`serve`]: serves the book
//! - [`renew`]: renews what is generated, and begins what is new
//!
//! What stands further down uses what stands above it, and never the other way round.

pub mod book;
pub mod pattern;
pub mod renew;
pub mod run;
pub mod serve;
pub mod take;
