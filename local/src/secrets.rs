//! The secrets of a local installation: made once, kept in a file that only its owner can read.

use std::io::Write;
use std::path::Path;

use kernel::{Clock, Ids, Secret, Time, crypto};
use serde::{Deserialize, Serialize};

/// What the file holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Secrets {
    /// Stretched into the deployment's keys.
    pub deployment: Secret,
    /// The platform's key.
    pub platform: Secret,
    /// Wraps the tenants' data keys, base64url.
    pub vault: Secret,
    /// Signs people's tokens (HS256).
    pub tokens: Secret,
    /// When the installation was made: the birthday of its demo data.
    pub made_at: Time,
}

impl Secrets {
    /// Reads the folder's secrets, or makes them. An error is one sentence.
    pub fn open(folder: &Path, ids: &Ids, clock: &Clock) -> Result<Self, String> {
        let path = folder.join("secrets.json");
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|_| format!("{} is damaged; restore it, or start with another --data folder.", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secrets = Self::make(ids, clock);
                secrets.write(&path).map_err(|error| format!("{} cannot be written: {error}.", path.display()))?;
                Ok(secrets)
            }
            Err(error) => Err(format!("{} cannot be read: {error}.", path.display())),
        }
    }

    fn make(ids: &Ids, clock: &Clock) -> Self {
        let random = || Secret::new(crypto::encode(&ids.bytes::<32>()));
        Self {
            deployment: random(),
            platform: Secret::new(format!("swp_{}", crypto::encode(&ids.bytes::<24>()))),
            vault: random(),
            tokens: random(),
            made_at: clock.now(),
        }
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        let half = path.with_extension("half");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&half)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        std::fs::rename(half, path)
    }
}
