//! What the demos, the tests and the book share. A recipe never depends on it.
//!
//! - [`demo`] starts a demo: its flags, its clock, its exit code.
//! - [`arguments`] tells which arguments a demo has, for the book's forms.
//! - [`timeline`] turns tracing spans and events into a picture of what ran when.
//! - [`cancellation`] drops a future at each of its awaits in turn.
//! - `server` (feature `server`) is an HTTP server on loopback that is slow, or wrong, on demand.
//! - `bench` (feature `bench`) times several ways to do the same, for the benchmarks.
//! - `client` (feature `client`) is the reqwest client that the demos use.

pub mod arguments;
#[cfg(feature = "bench")]
pub mod bench;
pub mod cancellation;
#[cfg(feature = "client")]
pub mod client;
pub mod demo;
#[cfg(feature = "server")]
pub mod server;
pub mod timeline;
