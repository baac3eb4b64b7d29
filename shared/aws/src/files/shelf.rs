//! Files on this machine, in a folder or in memory, with links like those of a bucket: the local server answers them, and hands
//! each to [`Shelf::grant`] first.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use kernel::crypto::MacKey;
use kernel::{Clock, Error, Keys, Result, Time, crypto};

use super::{GONE, Link, Parts};

/// Most bytes of a part that is read.
const PART: usize = 64 * 1024;

/// See the file's head. Clones share their content.
#[derive(Clone, Debug)]
pub struct Shelf {
    place: Place,
    key: MacKey,
    address: String,
    clock: Clock,
}

#[derive(Clone, Debug)]
enum Place {
    Memory(Arc<Mutex<BTreeMap<String, Bytes>>>),
    Folder(PathBuf),
}

/// What a link allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Method of the request: `GET` or `PUT`.
    pub method: String,
    /// The file.
    pub key: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes, when it is brought.
    pub bytes: u64,
    /// Its name, when it is fetched.
    pub name: String,
    until: Time,
}

impl Grant {
    /// One field a line: none of them can hold a line end.
    fn text(&self) -> String {
        let Self { method, key, media_type, bytes, name, until } = self;
        format!("{method}\n{key}\n{media_type}\n{bytes}\n{}\n{name}", until.millis())
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.splitn(6, '\n');
        let mut line = || lines.next().map(str::to_owned);
        let (method, key, media_type) = (line()?, line()?, line()?);
        let (bytes, until) = (line()?.parse().ok()?, Time::from_millis(line()?.parse().ok()?));
        Some(Self { method, key, media_type, bytes, name: line()?, until })
    }
}

impl Shelf {
    /// What it is called where a bucket has a name.
    pub(super) const NAME: &str = "shelf";

    /// In memory. Links lead to that address, which has no slash at its end.
    pub fn memory(keys: &Keys, address: &str, clock: Clock) -> Self {
        Self { place: Place::Memory(Arc::default()), key: keys.file.clone(), address: address.to_owned(), clock }
    }

    /// In that folder, which need not be there yet.
    pub fn folder(folder: PathBuf, keys: &Keys, address: &str, clock: Clock) -> Self {
        Self { place: Place::Folder(folder), key: keys.file.clone(), address: address.to_owned(), clock }
    }

    pub(super) fn upload(&self, key: &str, media_type: &str, bytes: u64, seconds: u32) -> Link {
        let headers = vec![("content-type", media_type.to_owned()), ("if-none-match", "*".to_owned())];
        self.link(Grant { bytes, ..self.granted("PUT", key, media_type, seconds) }, headers)
    }

    pub(super) fn download(&self, key: &str, name: &str, media_type: &str, seconds: u32) -> Link {
        self.link(Grant { name: name.to_owned(), ..self.granted("GET", key, media_type, seconds) }, Vec::new())
    }

    fn granted(&self, method: &str, key: &str, media_type: &str, seconds: u32) -> Grant {
        let until = self.clock.now().plus_seconds(seconds.into());
        let (method, key, media_type) = (method.to_owned(), key.to_owned(), media_type.to_owned());
        Grant { method, key, media_type, bytes: 0, name: String::new(), until }
    }

    fn link(&self, grant: Grant, headers: Vec<(&'static str, String)>) -> Link {
        let text = grant.text();
        let code = self.key.sign(text.as_bytes());
        let token = format!("{}.{}", crypto::encode(text.as_bytes()), crypto::encode(&code));
        Link { url: format!("{}/files/{token}", self.address), headers, expires_at: grant.until }
    }

    /// What the last part of a link's address allows, when it is one of ours and has not ended.
    pub fn grant(&self, token: &str) -> Option<Grant> {
        let (text, code) = token.split_once('.')?;
        let text = crypto::decode(text)?;
        if !crypto::equal(&self.key.sign(&text), &crypto::decode(code)?) {
            return None;
        }
        Grant::read(std::str::from_utf8(&text).ok()?).filter(|grant| grant.until > self.clock.now())
    }

    /// Whether the file is there.
    pub fn has(&self, key: &str) -> Result<bool> {
        self.size(key).map(|size| size.is_some())
    }

    pub(super) fn size(&self, key: &str) -> Result<Option<u64>> {
        match &self.place {
            Place::Memory(kept) => Ok(held(kept).get(key).map(|bytes| length(bytes))),
            Place::Folder(folder) => match std::fs::metadata(folder.join(key)) {
                Ok(found) => Ok(Some(found.len())),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(failed(&error)),
            },
        }
    }

    /// The file, a part at a time.
    pub fn read(&self, key: &str) -> Parts {
        self.read_from(key, 0)
    }

    /// The same from that byte on.
    pub(super) fn read_from(&self, key: &str, from: u64) -> Parts {
        let open = |path: PathBuf| {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(from))?;
            Ok(file)
        };
        let rest = |whole: &Bytes| whole.slice(usize::try_from(from).unwrap_or(usize::MAX).min(whole.len())..);
        let opened = match &self.place {
            Place::Memory(kept) => held(kept).get(key).map(rest).map(Source::Memory).ok_or_else(|| GONE.to_owned()),
            Place::Folder(folder) => open(folder.join(key)).map(Source::File).map_err(|error: std::io::Error| unread(&error)),
        };
        match opened {
            Ok(source) => stream::try_unfold(source, async |mut source| {
                let part = source.next()?;
                Ok((!part.is_empty()).then_some((part, source)))
            })
            .boxed(),
            Err(why) => stream::iter([Err(why)]).boxed(),
        }
    }

    /// Stores a file of exactly that many bytes. One that is there already stays as it is.
    pub async fn write(&self, key: &str, bytes: u64, mut parts: Parts) -> Result<()> {
        if self.size(key)?.is_some() {
            return Ok(());
        }
        let mut draft = self.draft(key)?;
        let mut size = 0_u64;
        while let Some(part) = parts.next().await {
            let part = part.map_err(Error::unavailable)?;
            size = size.saturating_add(length(&part));
            if size > bytes {
                break;
            }
            draft.push(&part)?;
        }
        if size != bytes {
            return Err(Error::invalid("", "size", format!("the file has to have {bytes} bytes")));
        }
        match (draft, &self.place) {
            (Draft::Memory(whole), Place::Memory(kept)) => {
                held(kept).insert(key.to_owned(), whole.into());
                Ok(())
            }
            (Draft::File(_, half), Place::Folder(folder)) => {
                std::fs::rename(half, folder.join(key)).map_err(|error| failed(&error))
            }
            (Draft::Memory(_), Place::Folder(_)) | (Draft::File(..), Place::Memory(_)) => {
                Err(Error::internal("a draft of another shelf"))
            }
        }
    }

    fn draft(&self, key: &str) -> Result<Draft> {
        let Place::Folder(folder) = &self.place else { return Ok(Draft::Memory(Vec::new())) };
        let half = folder.join(key).with_extension("half");
        let made = half.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| File::create(&half));
        made.map(|file| Draft::File(file, half)).map_err(|error| failed(&error))
    }

    pub(super) fn delete(&self, key: &str) -> Result<()> {
        match &self.place {
            Place::Memory(kept) => {
                held(kept).remove(key);
                Ok(())
            }
            Place::Folder(folder) => gone(&folder.join(key)),
        }
    }
}

/// A file that is being read.
enum Source {
    Memory(Bytes),
    File(File),
}

impl Source {
    /// The next part; empty at the end.
    fn next(&mut self) -> Result<Bytes, String> {
        match self {
            Self::Memory(rest) => Ok(rest.split_to(PART.min(rest.len()))),
            Self::File(file) => {
                let mut part = Vec::new();
                let most = u64::try_from(PART).unwrap_or(u64::MAX);
                Read::by_ref(file).take(most).read_to_end(&mut part).map_err(|error| unread(&error))?;
                Ok(part.into())
            }
        }
    }
}

/// A file that is being written.
enum Draft {
    Memory(Vec<u8>),
    File(File, PathBuf),
}

impl Draft {
    fn push(&mut self, part: &[u8]) -> Result<()> {
        match self {
            Self::Memory(whole) => {
                whole.extend_from_slice(part);
                Ok(())
            }
            Self::File(file, _) => file.write_all(part).map_err(|error| failed(&error)),
        }
    }
}

fn held(kept: &Mutex<BTreeMap<String, Bytes>>) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn gone(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn failed(error: &std::io::Error) -> Error {
    Error::unavailable(format!("the folder of stored files: {error}"))
}

fn unread(error: &std::io::Error) -> String {
    if error.kind() == ErrorKind::NotFound { GONE.to_owned() } else { format!("a stored file cannot be read: {error}") }
}

#[cfg(test)]
mod tests {
    use kernel::Secret;

    use super::super::whole;
    use super::*;

    fn keys(secret: &str) -> Keys {
        Keys::derive(&Secret::new(secret)).unwrap()
    }

    fn shelf(clock: &Clock) -> Shelf {
        Shelf::memory(&keys("a deployment secret of some length"), "https://here.example", clock.clone())
    }

    fn token(link: &Link) -> String {
        link.url.strip_prefix("https://here.example/files/").unwrap().to_owned()
    }

    async fn all(mut parts: Parts) -> Result<Vec<u8>, String> {
        let mut all = Vec::new();
        while let Some(part) = parts.next().await {
            all.extend_from_slice(&part?);
        }
        Ok(all)
    }

    #[test]
    fn a_link_allows_what_it_says_until_it_ends() {
        let clock = Clock::manual(Time::from_millis(1_772_000_000_000));
        let shelf = shelf(&clock);
        let brought = shelf.upload("t/a", "image/png", 3, 60);
        let grant = shelf.grant(&token(&brought)).unwrap();
        assert_eq!((grant.method.as_str(), grant.key.as_str(), grant.bytes), ("PUT", "t/a", 3));
        let fetched = shelf.download("t/a", "Bild \u{e9}.png", "image/png", 60);
        let grant = shelf.grant(&token(&fetched)).unwrap();
        assert_eq!((grant.method.as_str(), grant.name.as_str()), ("GET", "Bild \u{e9}.png"));
        let other = Shelf::memory(&keys("another deployment secret of some length"), "https://here.example", clock.clone());
        assert!(other.grant(&token(&fetched)).is_none());
        let (text, code) = token(&fetched).split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert!(shelf.grant(&format!("{}.{code}", &text[1..])).is_none() && shelf.grant(&text).is_none());
        assert_eq!(fetched.expires_at, clock.now().plus_seconds(60));
        clock.advance(59_999).unwrap();
        assert!(shelf.grant(&token(&fetched)).is_some());
        clock.advance(1).unwrap();
        assert!(shelf.grant(&token(&fetched)).is_none());
    }

    #[tokio::test]
    async fn a_file_is_kept_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("shelf-{}", std::process::id()));
        let clock = Clock::manual(Time::from_millis(1));
        let keys = keys("a deployment secret of some length");
        let places = [shelf(&clock), Shelf::folder(folder.clone(), &keys, "https://here.example", clock.clone())];
        for shelf in places {
            assert_eq!((shelf.size("t/a").unwrap(), all(shelf.read("t/a")).await), (None, Err(GONE.to_owned())));
            for wrong in [2, 4] {
                assert!(shelf.write("t/a", wrong, whole("abc")).await.is_err());
            }
            let broken = stream::iter([Ok(Bytes::from("ab")), Err("it broke".to_owned())]).boxed();
            assert!(matches!(shelf.write("t/a", 3, broken).await, Err(Error::Unavailable(_))));
            assert_eq!(shelf.size("t/a").unwrap(), None);
            let large: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
            shelf.write("t/a", 200_000, whole(large.clone())).await.unwrap();
            assert_eq!((shelf.size("t/a").unwrap(), all(shelf.read("t/a")).await.unwrap() == large), (Some(200_000), true));
            assert_eq!(all(shelf.read_from("t/a", 70_001)).await.unwrap(), large[70_001..]);
            assert_eq!(all(shelf.read_from("t/a", 200_000)).await.unwrap(), b"");
            // What is there is not replaced.
            shelf.write("t/a", 3, whole("abc")).await.unwrap();
            assert_eq!(shelf.size("t/a").unwrap(), Some(200_000));
            shelf.delete("t/a").unwrap();
            shelf.delete("t/a").unwrap();
            assert_eq!(shelf.size("t/a").unwrap(), None);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
