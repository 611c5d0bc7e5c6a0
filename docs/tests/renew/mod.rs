//! What is generated, and what is begun.

mod expected;
mod new;
