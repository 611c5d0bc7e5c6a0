//! Puts files back as they were.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::PasteError;

pub(super) fn save(path: PathBuf) -> Result<(PathBuf, Option<Vec<u8>>), PasteError> {
    match fs::read(&path) {
        Ok(content) => Ok((path, Some(content))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((path, None)),
        Err(source) => Err(PasteError::Io { path, source }),
    }
}

pub(super) fn restore(path: &Path, before: Option<&[u8]>) -> Result<(), PasteError> {
    let restored = match before {
        Some(content) => fs::write(path, content),
        None if path.exists() => fs::remove_file(path),
        None => Ok(()),
    };
    restored.map_err(|source| PasteError::Io {
        path: path.to_path_buf(),
        source,
    })
}
