//! The data folder and its file: claimed by one process at a time, checked before use, and every trouble told in one sentence.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use dynoxide::DynoxideError;
use dynoxide::storage::Storage;

/// What a database file starts with.
const HEADER: &[u8; 16] = b"SQLite format 3\0";
/// Largest file that is read through at the start, which takes about a second for each gigabyte.
const INSPECTED: u64 = 512 * 1024 * 1024;

/// The folder's data file.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join("table.db")
}

/// Makes the folder when it does not exist and claims it for this process, for as long as the answer lives.
pub(super) fn claim(dir: &Path) -> Result<File, String> {
    make(dir).map_err(|error| format!("The data folder {} cannot be made: {}.", dir.display(), error.kind()))?;
    let lock = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(dir.join("lock"))
        .map_err(|error| format!("The data folder {} cannot be written to: {}.", dir.display(), error.kind()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(format!(
            "Another instance is running on the data folder {}: stop it, or choose another folder with --data.",
            dir.display()
        )),
        Err(TryLockError::Error(error)) => {
            Err(format!("The data folder {} cannot be locked: {}.", dir.display(), error.kind()))
        }
    }
}

/// The folder holds whatever the tenants said and wrote: it is its owner's alone.
fn make(dir: &Path) -> std::io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Looks at the data file before the engine does, which would take an unknown file for an encrypted one. Must not be called
/// while the file is open: closing it here would give up the engine's locks.
pub(super) fn check(dir: &Path) -> Result<String, String> {
    let path = path(dir);
    match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(format!("The data file {} cannot be read: {}.", path.display(), error.kind())),
        Ok(file) => {
            let mut start = Vec::new();
            let read = file.take(16).read_to_end(&mut start);
            read.map_err(|error| format!("The data file {} cannot be read: {}.", path.display(), error.kind()))?;
            if !start.is_empty() && start != HEADER {
                return Err(damaged(dir));
            }
        }
    }
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| format!("The data folder {} has a name that is not Unicode: choose another with --data.", dir.display()))
}

/// Reads the whole file through, unless it is very large, and fails when a part of it is damaged.
pub(super) fn inspect(keeper: &Storage) -> Result<(), DynoxideError> {
    if keeper.db_size_bytes()? > INSPECTED {
        return Ok(());
    }
    let verdict: String = keeper.conn().query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(DynoxideError::InternalServerError(DAMAGED.to_owned())) }
}

/// What [`inspect`] says of a damaged file.
const DAMAGED: &str = "a damaged part";

fn damaged(dir: &Path) -> String {
    format!(
        "The data file {} is damaged or no data file: move it away, or choose another folder with --data (nothing was deleted).",
        path(dir).display()
    )
}

/// One sentence for whoever sits at the terminal. The engine wraps its library's errors in several ways; their words, which are
/// the library's own and have not changed in decades, come through all of them.
pub(super) fn sentence(dir: &Path, error: &DynoxideError) -> String {
    let file = path(dir);
    let text = error.to_string();
    let says = |words: &[&str]| words.iter().any(|words| text.contains(words));
    if says(&[DAMAGED, "disk image is malformed", "file is not a database", "not a valid SQLite database"]) {
        damaged(dir)
    } else if says(&["disk is full"]) {
        format!("The disk that holds the data folder {} is full.", dir.display())
    } else if says(&["readonly database", "unable to open database file"]) {
        format!("The data file {} cannot be opened for writing: check its permissions.", file.display())
    } else if says(&["database is locked"]) {
        format!("The data file {} is locked by another program: close that program first.", file.display())
    } else if says(&["disk I/O error"]) {
        format!("The disk fails to read or write the data file {}.", file.display())
    } else {
        format!("The data file {} cannot be used: {}.", file.display(), text.trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_of_the_file_has_its_sentence_however_it_is_wrapped() {
        for (words, expected) in [
            ("backend: database or disk is full", "The disk that holds the data folder here is full."),
            ("Internal error: database disk image is malformed", "The data file here/table.db is damaged"),
            ("attempt to write a readonly database", "cannot be opened for writing"),
            ("database is locked", "locked by another program"),
            ("disk I/O error", "The disk fails"),
            ("something else.", "The data file here/table.db cannot be used: something else."),
        ] {
            let told = sentence(Path::new("here"), &DynoxideError::InternalServerError(words.to_owned()));
            assert!(told.contains(expected), "{told}");
            assert!(told.ends_with(['.', ')']) && !told.ends_with(".."), "{told}");
        }
    }
}
