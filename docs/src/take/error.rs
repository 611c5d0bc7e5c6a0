//! Why a recipe was not pasted.

use std::io;
use std::path::PathBuf;

use crate::pattern::ReadError;

/// Why a recipe was not pasted. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PasteError {
    /// No pattern has this name.
    #[error("no pattern is called `{name}`{hint}")]
    UnknownPattern {
        /// The name as given.
        name: String,
        /// The names that there are, or the nearest one.
        hint: String,
    },
    /// The crate's folder is not there.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// The folder is not a crate's.
    #[error("{} is not a crate: it has no Cargo.toml", .0.display())]
    NoManifest(PathBuf),
    /// The crate's manifest cannot be read as TOML.
    #[error("{} is not valid: {message}", .path.display())]
    BadManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The folder is a workspace's, not a crate's.
    #[error("{} has no [package]: name the folder of one of the workspace's crates", .0.display())]
    NoPackage(PathBuf),
    /// The crate has no `src` folder.
    #[error("{} has no src folder to paste into", .0.display())]
    NoSource(PathBuf),
    /// The crate has a module of the recipe's name.
    #[error("{} is there already, and nothing is overwritten", .0.display())]
    ModuleExists(PathBuf),
    /// The crate asks for a version of a dependency that the recipe does not work with.
    #[error("the crate asks for {name} {crate_version}, the recipe for {recipe_version}")]
    Incompatible {
        /// The dependency.
        name: String,
        /// The crate's own requirement.
        crate_version: String,
        /// The recipe's requirement.
        recipe_version: String,
    },
    /// The pattern cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// Cargo refused; this is what it said.
    #[error("cargo {command} failed:\n{stderr}")]
    Cargo {
        /// The command and its arguments.
        command: String,
        /// Cargo's own message.
        stderr: String,
    },
    /// A file could not be read or written, or cargo could not be started.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or the program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl PasteError {
    /// 2 when the arguments were wrong, 1 when the work failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreadable(_) | Self::Cargo { .. } | Self::Io { .. } => 1,
            _ => 2,
        }
    }
}
