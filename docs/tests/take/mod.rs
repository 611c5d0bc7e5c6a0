//! Recipes that are taken out.

mod paste;
mod proof;
mod stop;
mod update;
