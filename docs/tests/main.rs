//! The tests of the book and the checks over all patterns, in rooms of the names that `src` has.

mod book;
mod pattern;
mod renew;
mod run;
mod serve;
mod support;
mod take;
