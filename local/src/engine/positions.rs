//! How far each reader of the stream has come, kept in a file of the data folder beside the table.
//!
//! The file is replaced as a whole, so that it is never half written. It names the table that it speaks of: positions in another
//! table's stream mean nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The saved positions.
#[derive(Debug)]
pub struct Positions {
    path: PathBuf,
    saved: Saved,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    table: String,
    positions: BTreeMap<String, String>,
}

/// Sequence numbers of one width, so that text order is their order.
fn sound(position: &str) -> bool {
    position.len() == 21 && position.bytes().all(|byte| byte.is_ascii_digit())
}

impl Positions {
    /// Reads what was saved for that table. What cannot be read, or speaks of another table, is as good as nothing: the readers
    /// then start with the oldest record, and the log says so.
    pub(super) fn open(dir: &Path, table: &str) -> Result<Self, String> {
        let path = dir.join("positions.json");
        let text = match std::fs::read(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(format!("The file {} cannot be read: {}.", path.display(), error.kind())),
        };
        let read = text.as_deref().map(serde_json::from_slice::<Saved>);
        let fresh = Saved { table: table.to_owned(), positions: BTreeMap::new() };
        let saved = match read {
            None => fresh,
            Some(Ok(saved)) if saved.table == table && saved.positions.values().all(|position| sound(position)) => saved,
            Some(_) => {
                tracing::warn!("{} does not fit the table: the stream is read again from its oldest record", path.display());
                fresh
            }
        };
        Ok(Self { path, saved })
    }

    /// How far that reader has come.
    pub fn of(&self, reader: &str) -> Option<&str> {
        self.saved.positions.get(reader).map(String::as_str)
    }

    /// The furthest that all of these readers have come: what lies before, nobody needs any more.
    pub fn all(&self, readers: &[&str]) -> Option<&str> {
        readers.iter().map(|reader| self.of(reader)).min().flatten()
    }

    /// Saves how far a reader has come. A position that is no further than the one saved changes nothing.
    pub fn save(&mut self, reader: &str, position: &str) -> Result<(), String> {
        if self.of(reader).is_some_and(|saved| position <= saved) {
            return Ok(());
        }
        let mut next = self.saved.clone();
        next.positions.insert(reader.to_owned(), position.to_owned());
        self.write(&next).map_err(|error| format!("The file {} cannot be written: {}.", self.path.display(), error.kind()))?;
        self.saved = next;
        Ok(())
    }

    /// Whoever reads the file sees the old one or the new one.
    fn write(&self, saved: &Saved) -> std::io::Result<()> {
        let temporary = self.path.with_extension("json.new");
        std::fs::write(&temporary, serde_json::to_vec_pretty(saved)?)?;
        std::fs::rename(&temporary, &self.path)
    }
}
