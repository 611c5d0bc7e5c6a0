//! Why nothing was taken.

use std::io;
use std::path::{Path, PathBuf};

use crate::pattern::ReadError;

/// Why a recipe was not pasted, compared or updated. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// No recipe is named.
    #[error("name a recipe before the crate's folder, such as `paste gather ../my-app`")]
    Nothing,
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
    /// A manifest or a lock file cannot be understood.
    #[error("{} is not valid: {message}", .path.display())]
    BadManifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The folder is a workspace's, not a crate's.
    #[error("{} has no [package]: name the folder of one of the workspace's crates", .0.display())]
    NoPackage(PathBuf),
    /// Recipes use what came with edition 2021.
    #[error("{} has edition {edition}, and recipes need 2021: `cargo fix --edition`, then paste again", .manifest.display())]
    OldEdition {
        /// The crate's manifest.
        manifest: PathBuf,
        /// Its edition.
        edition: String,
    },
    /// The crate has no library and no program.
    #[error("{} has no library and no program to paste into", .0.display())]
    NoTarget(PathBuf),
    /// The crate has a library and programs, or several programs.
    #[error("the crate has several targets: say --to with one of {}", .0.join(", "))]
    SeveralTargets(Vec<String>),
    /// What `--to` names is no Rust file.
    #[error("--to {}: there is no such Rust file in the crate", .0.display())]
    NoRoot(PathBuf),
    /// A source file cannot be understood.
    #[error("{}:{line} is not valid: {message}", .path.display())]
    BadSource {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// The crate does without the standard library.
    #[error("{} is `no_std`, and recipes need the standard library", .0.display())]
    NoStd(PathBuf),
    /// What `--as` names is no name.
    #[error("--as {0}: a module cannot have this name")]
    NoName(String),
    /// The name of the recipe's module is taken.
    #[error(
        "the name `{name}` is taken by {by}, and nothing is overwritten: choose another one with --as"
    )]
    Taken {
        /// The name.
        name: String,
        /// What has it.
        by: String,
    },
    /// `--as` is for one recipe.
    #[error("--as is for one recipe, and {0} are named")]
    OneName(usize),
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
    /// The lock file holds a version that is too old for the recipe.
    #[error(
        "Cargo.lock has {name} {locked}, the recipe needs {recipe_version}: `cargo update -p {name}`, then paste again"
    )]
    OldLock {
        /// The dependency.
        name: String,
        /// The locked version.
        locked: String,
        /// The recipe's requirement.
        recipe_version: String,
    },
    /// The crate has no recipe, or not this one.
    #[error("{} has no recipe{}", .dir.display(), .name.as_ref().map(|name| format!(" called `{name}`")).unwrap_or_default())]
    NoRecipe {
        /// The crate's folder.
        dir: PathBuf,
        /// The recipe that was asked for.
        name: Option<String>,
    },
    /// The text from which a recipe was taken is not in this repository.
    #[error("{}: this repository has no text {blob}, from which it was taken: `git fetch --unshallow` brings it", .path.display())]
    NoOrigin {
        /// The file in the crate.
        path: PathBuf,
        /// The id of the text.
        blob: String,
    },
    /// The pattern cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// Another program refused; this is what it said.
    #[error("{command}: {said}")]
    Program {
        /// The program and its first argument.
        command: String,
        /// Its own message, in one line.
        said: String,
    },
    /// A file could not be read or written, or a program could not be started.
    #[error("{}", .path.display())]
    Io {
        /// The file or the program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A signal asked to stop before anything was written.
    #[error("stopped: nothing was changed")]
    Stopped,
}

impl TakeError {
    /// 2 when the arguments were wrong, 1 when the work failed, 130 when it was stopped.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreadable(_)
            | Self::Program { .. }
            | Self::Io { .. }
            | Self::NoOrigin { .. } => 1,
            Self::Stopped => 130,
            _ => 2,
        }
    }

    /// What to make of an error of the system at this path.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}
