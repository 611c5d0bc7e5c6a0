//! What the demos, the tests and the book share. A recipe never depends on it.
//!
//! For a demo, from its first line to its last:
//! - [`demo`] starts it: its flags, its clock, its output, its exit code.
//! - [`arguments`] tells which arguments a demo has, for the book's forms.
//! - [`timeline`] turns tracing spans and events into a picture of what ran when.
//! - [`input`] reads the text that a demo was given, line by line.
//! - [`speed`] tells how much faster something was than doing the same in turn.
//! - [`tally`] counts what several tasks do, and [`tasks`] waits for them.
//! - [`polls`] polls futures by hand, and says each poll and each wake-up.
//! - [`threads`] runs something on a runtime of its own, and numbers threads.
//! - `server` (feature `server`) is an HTTP server on loopback that is slow, or wrong, on demand.
//! - `client` (feature `client`) is the reqwest client that the demos use, and `fetch` fetches with
//!   it.
//! - `service` (both features) is a service to ask: a given one, or that server.
//! - `progress` (feature `progress`) shows how far long work has come.
//!
//! For tests and benchmarks:
//! - [`cancellation`] drops a future at each of its awaits in turn.
//! - `bench` (feature `bench`) times several ways to do the same.

pub mod arguments;
#[cfg(feature = "bench")]
pub mod bench;
pub mod cancellation;
#[cfg(feature = "client")]
pub mod client;
pub mod demo;
#[cfg(feature = "client")]
pub mod fetch;
pub mod input;
pub mod polls;
#[cfg(feature = "progress")]
pub mod progress;
#[cfg(feature = "server")]
pub mod server;
#[cfg(all(feature = "client", feature = "server"))]
pub mod service;
pub mod speed;
pub mod tally;
pub mod tasks;
pub mod threads;
pub mod timeline;
