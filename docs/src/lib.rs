//! The book: how it is built, served and kept true.

pub mod access;
pub mod bench;
pub mod book;
pub mod card;
pub mod expected;
pub mod figure;
pub mod form;
pub mod markdown;
pub mod new;
pub mod paste;
pub mod pattern;
pub mod policy;
pub mod questions;
pub mod relations;
pub mod run;
mod search;
pub mod serve;
pub mod slim;
pub mod take;
pub mod twin;
