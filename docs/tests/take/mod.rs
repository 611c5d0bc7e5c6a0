//! Recipes that are taken out.

mod paste;
mod proof;
