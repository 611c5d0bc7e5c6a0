//! The parts of the book, and the book as it is built.

mod asyncio;
mod built;
mod cells;
mod export;
mod find;
mod form;
mod panel;
mod player;
mod small;
mod twin;
