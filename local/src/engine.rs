//! The table without a cloud: an engine that speaks DynamoDB's protocol, in this process, on one file of the data folder.
//!
//! It is reached by HTTP on a port of its own on the loopback interface, so that the same client code runs as in AWS. Only the
//! stream is read in process. What was acknowledged survives the death of the process at any moment; [`Ledger`] and
//! [`Positions`] keep the same promise for what is made of the stream.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dynoxide::Database;
use dynoxide::storage::Storage;

pub mod convert;
pub mod file;
pub mod ledger;
pub mod positions;
pub mod server;
pub mod stream;
pub mod table;

pub use ledger::{Ledger, Ticket};
pub use positions::Positions;
pub use stream::Batch;
pub use table::TABLE;

use server::Server;

/// A running engine. Dropping it, or [`Engine::close`], ends the serving, closes the file and lets the folder go.
pub struct Engine {
    // Dropped in this order: nobody is served any more, the file is closed, the folder is free.
    server: Server,
    database: Database,
    keeper: Mutex<Storage>,
    trimmed: Mutex<Option<String>>,
    id: String,
    dir: PathBuf,
    _lock: File,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("dir", &self.dir).field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the folder's table, making both when they do not exist, and serves it. The error is one sentence for whoever sits
    /// at the terminal. A file that cannot be read is left as it is.
    pub fn open(dir: &Path) -> Result<Self, String> {
        let lock = file::claim(dir)?;
        let path = file::check(dir)?;
        let keeper = Storage::new(&path).map_err(|error| file::sentence(dir, &error))?;
        stream::prepare(&keeper).and_then(|()| file::inspect(&keeper)).map_err(|error| file::sentence(dir, &error))?;
        let trimmed = stream::trimmed(&keeper).map_err(|error| file::sentence(dir, &error))?;
        let database = Database::new(&path).map_err(|error| file::sentence(dir, &error))?;
        // Every commit reaches the operating system before it is acknowledged, so the death of this process loses nothing; only
        // the loss of power may cost the last moments.
        database.disable_bulk_loading().map_err(|error| file::sentence(dir, &error))?;
        let id = table::ensure(&database).map_err(|trouble| match trouble {
            table::Trouble::Engine(error) => file::sentence(dir, &error),
            table::Trouble::Other(what) => format!(
                "The data file {} was made by another version of this program ({what}): choose another folder with --data or move it \
                 away.",
                file::path(dir).display()
            ),
        })?;
        let server = Server::start(database.clone())?;
        Ok(Self {
            server,
            database,
            keeper: Mutex::new(keeper),
            trimmed: Mutex::new(trimmed),
            id,
            dir: dir.to_owned(),
            _lock: lock,
        })
    }

    /// Where clients reach the table, such as `http://127.0.0.1:40001`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The saved positions of the stream's readers in this folder.
    pub fn positions(&self) -> Result<Positions, String> {
        Positions::open(&self.dir, &self.id)
    }

    /// Deletes the rows whose time to live has passed, and answers how many. Each appears in the stream.
    pub fn sweep(&self) -> Result<usize, String> {
        self.database.sweep_ttl().map_err(|error| file::sentence(&self.dir, &error))
    }

    /// Ends the serving, waiting a moment for requests under way, closes the file and lets the folder go.
    pub fn close(self) {}

    fn keeper(&self) -> std::sync::MutexGuard<'_, Storage> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
