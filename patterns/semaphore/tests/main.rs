//! One program has all tests: to link one for each file takes longer than to run them.

mod cancellation;
mod chain;
mod contract;
mod log;
mod stopping;
mod twins;
