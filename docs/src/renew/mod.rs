//! Renews what is generated, and begins what is new.

pub mod bench;
pub mod expected;
mod fill;
pub mod new;
