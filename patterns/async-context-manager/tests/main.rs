//! One program has all tests: to link one for each file takes longer than to run them.

mod cancellation;
mod contract;
mod destructors;
mod errors;
mod log;
mod twins;
