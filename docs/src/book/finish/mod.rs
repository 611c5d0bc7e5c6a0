//! What is done to the pages that mdBook has made.

mod access;
pub mod policy;
mod search;
mod slim;

use std::path::Path;

/// Makes the built pages small, usable by everybody, and safe.
///
/// # Errors
/// When mdBook's files are not what they were, and when a file cannot be read or written.
pub fn finish(built: &Path) -> anyhow::Result<()> {
    slim::slim(built)?;
    access::improve(built)?;
    policy::apply(built)
}
