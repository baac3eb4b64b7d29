//! Stored files: what goes along with messages, and what came with them. In AWS they are objects of one bucket, on a person's
//! machine files of a folder, in tests bytes in memory.
//!
//! Clients bring and fetch the bytes themselves, by links that end soon. What a link allows is signed into it: one key, and for
//! an upload the very size and media type. A file is written once and never changed. Nobody here holds more than a part of one.

mod bucket;
mod shelf;
mod signature;

use std::fmt;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use kernel::{Clock, Error, Result, Time};

pub use bucket::Bucket;
pub use shelf::{Grant, Shelf};

use crate::{Connection, Env};

/// A file on its way, a part at a time. An error says why it cannot be read on.
pub type Parts = BoxStream<'static, Result<Bytes, String>>;

/// Why nothing can be stored.
const NOWHERE: &str = "no place for stored files is connected";
/// Why a file cannot be read.
const GONE: &str = "a stored file is gone";

/// The port for stored files. A closed enum, dispatched statically.
#[derive(Clone, Debug, Default)]
pub enum Files {
    /// No place for files is connected.
    #[default]
    None,
    /// Of this machine.
    Shelf(Shelf),
    /// Of a bucket in S3.
    Bucket(Bucket),
}

/// What a client may ask for without a credential of ours, until it ends. `Debug` does not show the address.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The address.
    pub url: String,
    /// Headers that the request must carry.
    pub headers: Vec<(&'static str, String)>,
    /// When it ends.
    pub expires_at: Time,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl Files {
    /// The bucket that the environment names, if any.
    pub fn from_env(env: &Env, connection: &Connection, clock: &Clock) -> Self {
        let bucket = env.find("FILES_BUCKET");
        bucket.map_or(Self::None, |name| Self::Bucket(Bucket::new(connection.clone(), name, clock.clone())))
    }

    /// What the place is called in which whoever may put files there finds it: the name of a bucket.
    pub fn bucket(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Shelf(_) => Some(Shelf::NAME),
            Self::Bucket(bucket) => Some(bucket.name()),
        }
    }

    /// A link to bring the file by: a PUT of exactly that many bytes of that media type, once.
    pub async fn upload(&self, key: &str, media_type: &str, bytes: u64, seconds: u32) -> Result<Link> {
        match self {
            Self::None => Err(Error::unavailable(NOWHERE)),
            Self::Shelf(shelf) => Ok(shelf.upload(key, media_type, bytes, seconds)),
            Self::Bucket(bucket) => bucket.upload(key, media_type, bytes, seconds).await,
        }
    }

    /// A link to fetch the file by, as a download of that name: no browser shows it as a page.
    pub async fn download(&self, key: &str, name: &str, media_type: &str, seconds: u32) -> Result<Link> {
        match self {
            Self::None => Err(Error::unavailable(NOWHERE)),
            Self::Shelf(shelf) => Ok(shelf.download(key, name, media_type, seconds)),
            Self::Bucket(bucket) => bucket.download(key, name, media_type, seconds).await,
        }
    }

    /// Bytes of the file, when it is there.
    pub async fn size(&self, key: &str) -> Result<Option<u64>> {
        match self {
            Self::None => Err(Error::unavailable(NOWHERE)),
            Self::Shelf(shelf) => shelf.size(key),
            Self::Bucket(bucket) => bucket.size(key).await,
        }
    }

    /// The file by one request, which is made when the first part is asked for.
    pub fn read(&self, key: &str) -> Parts {
        match self {
            Self::None => stream::iter([Err(NOWHERE.to_owned())]).boxed(),
            Self::Shelf(shelf) => shelf.read(key),
            Self::Bucket(bucket) => bucket.read(key),
        }
    }

    /// The same from that byte on, which must be one of the file's.
    pub fn read_from(&self, key: &str, from: u64) -> Parts {
        match self {
            Self::None => stream::iter([Err(NOWHERE.to_owned())]).boxed(),
            Self::Shelf(shelf) => shelf.read_from(key, from),
            Self::Bucket(bucket) => bucket.read_from(key, from),
        }
    }

    /// Stores a file of exactly that many bytes. One that is there already stays as it is.
    pub async fn write(&self, key: &str, media_type: &str, bytes: u64, parts: Parts) -> Result<()> {
        match self {
            Self::None => Err(Error::unavailable(NOWHERE)),
            Self::Shelf(shelf) => shelf.write(key, bytes, parts).await,
            Self::Bucket(bucket) => bucket.write(key, media_type, bytes, parts).await,
        }
    }

    /// Deletes the file. One that is not there is deleted.
    pub async fn delete(&self, key: &str) -> Result<()> {
        match self {
            Self::None => Err(Error::unavailable(NOWHERE)),
            Self::Shelf(shelf) => shelf.delete(key),
            Self::Bucket(bucket) => bucket.delete(key).await,
        }
    }
}

/// The whole of a small file as its parts.
pub fn whole(bytes: impl Into<Bytes>) -> Parts {
    stream::iter([Ok(bytes.into())]).boxed()
}

/// What `content-disposition` says of a download (RFC 6266, the name as RFC 8187 wants it).
pub fn disposition(name: &str) -> String {
    format!("attachment; filename*=UTF-8''{}", escaped(name))
}

/// Everything but unreserved characters as their bytes in hexadecimal (RFC 3986 section 2.1).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
