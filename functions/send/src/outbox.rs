//! The outbox: messages kept on this machine instead of being sent, for people to look at and for tests. It behaves like a
//! provider: it gives ids, recognises repetitions by their tag where the provider does, and answers badly when told to.

mod note;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws::Files;
use kernel::{Clock, Email, Time};
use net::download::Download;
use net::pieces;
use providers::{Call, Direct, HttpCall, Look, Reply};
use serde::{Deserialize, Serialize};
use store::memory::Faults;

pub use note::{Note, Way};

/// How many messages are kept in memory and listed.
const KEEP: usize = 1_000;

/// One message as a provider took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The id given to it.
    pub id: String,
    /// Our reference, as the provider's events would carry it back.
    pub tag: String,
    /// Which provider.
    pub provider: String,
    /// Envelope sender.
    pub from: Email,
    /// Envelope recipients.
    pub to: Vec<Email>,
    /// The MIME message.
    #[serde(with = "text")]
    pub raw: Vec<u8>,
    /// When.
    pub at: Time,
}

mod text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&kernel::crypto::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        kernel::crypto::decode(&text).ok_or_else(|| serde::de::Error::custom("not base64"))
    }
}

/// How the files of messages on other channels than email end.
const NOTE: &str = "note";

/// Most web requests kept.
const ASKED: usize = 100;

/// See the module's words. Clones share their content.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    state: Arc<Mutex<State>>,
    faults: Faults,
    files: Files,
}

#[derive(Debug, Default)]
struct State {
    kept: VecDeque<Kept>,
    taken: u64,
    notes: VecDeque<Note>,
    noted: u64,
    folder: Option<PathBuf>,
    replies: VecDeque<Reply>,
    asked: VecDeque<HttpCall>,
    mind: Option<Mind>,
    millis: i64,
}

/// A provider with a memory: what it answers to a web request, if anything.
#[derive(Clone)]
struct Mind(Arc<Answers>);

type Answers = dyn Fn(&HttpCall) -> Option<Reply> + Send + Sync;

impl std::fmt::Debug for Mind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mind")
    }
}

impl Outbox {
    /// An empty outbox in memory that fails as `faults` says.
    pub fn new(faults: Faults) -> Self {
        Self { state: Arc::default(), faults, files: Files::None }
    }

    /// An outbox that keeps every message as a file in the folder, and starts with those that are there.
    pub fn in_folder(folder: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let (mut kept, mut notes) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let bytes = std::fs::read(&path)?;
            // A file cut short by a crash is a message whose answer never went out: it is sent again.
            if path.extension().is_some_and(|kind| kind == NOTE) {
                notes.extend(serde_json::from_slice::<Note>(&bytes).ok());
            } else {
                kept.extend(serde_json::from_slice::<Kept>(&bytes).ok());
            }
        }
        kept.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        notes.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
        let (taken, noted) = (count(kept.len()), count(notes.len()));
        let kept = kept.split_off(kept.len().saturating_sub(KEEP)).into();
        let notes = notes.split_off(notes.len().saturating_sub(KEEP)).into();
        let state = State { kept, taken, notes, noted, folder: Some(folder), ..State::default() };
        Ok(Self { state: Arc::new(Mutex::new(state)), faults: Faults::none(), files: Files::None })
    }

    /// The same with stored files, which are kept within the messages.
    #[must_use]
    pub fn files(self, files: Files) -> Self {
        Self { files, ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next calls are answered with, instead of being taken. [`Reply::Lost`] takes the message all the same.
    pub fn answer_next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state().replies.extend(replies);
    }

    /// Takes back what is left of [`Self::answer_next`], and says how much that is.
    pub fn answer_as_usual(&self) -> usize {
        std::mem::take(&mut self.state().replies).len()
    }

    /// What web requests are answered with from now on, where nothing else was prepared.
    pub fn answer_by(&self, mind: impl Fn(&HttpCall) -> Option<Reply> + Send + Sync + 'static) {
        self.state().mind = Some(Mind(Arc::new(mind)));
    }

    /// How long every call takes from now on, by a clock that is turned by hand.
    pub fn answer_after(&self, millis: i64) {
        self.state().millis = millis;
    }

    /// The latest web requests that would have been made, oldest first.
    pub fn asked(&self) -> Vec<HttpCall> {
        self.state().asked.iter().cloned().collect()
    }

    /// The messages, oldest first.
    pub fn kept(&self) -> Vec<Kept> {
        self.state().kept.iter().cloned().collect()
    }

    /// How many messages were taken in all.
    pub fn taken(&self) -> u64 {
        self.state().taken
    }

    /// The messages on other channels than email, oldest first.
    pub fn notes(&self) -> Vec<Note> {
        self.state().notes.iter().cloned().collect()
    }

    /// Takes a call that sends an email.
    pub async fn keep(&self, call: &Call, clock: &Clock) -> Reply {
        let now = clock.now();
        self.answer(web(call), clock, self.store(call, now)).await
    }

    /// Takes a call that sends that message on another channel.
    pub async fn note(&self, call: &Call, way: Way<'_>, direct: &Direct, clock: &Clock) -> Reply {
        let now = clock.now();
        self.answer(web(call), clock, async { self.write_down(way, direct, now) }).await
    }

    /// Takes a question for an access token. Nobody is here to give one, unless that was prepared.
    pub async fn token(&self, call: &HttpCall, clock: &Clock) -> Reply {
        let nobody =
            async { Reply::Unreached { text: "nothing leaves this machine, so nobody can be asked for a token".to_owned() } };
        self.answer(Some(call), clock, nobody).await
    }

    /// As prepared, else as usual. A prepared loss is one of the usual answer.
    async fn answer(&self, asked: Option<&HttpCall>, clock: &Clock, usual: impl Future<Output = Reply>) -> Reply {
        // A clock that goes by itself is left alone.
        let _ = clock.advance(self.state().millis);
        let Ok(fault) = self.faults.before("carrier.call").await else {
            return Reply::Unreached { text: "the connection was refused".to_owned() };
        };
        let (prepared, mind) = {
            let mut state = self.state();
            if let Some(call) = asked {
                if state.asked.len() >= ASKED {
                    state.asked.pop_front();
                }
                state.asked.push_back(call.clone());
            }
            (state.replies.pop_front(), state.mind.clone())
        };
        let minded = || mind.and_then(|mind| mind.0(asked?));
        let reply = match prepared.or_else(minded) {
            Some(Reply::Lost { text }) => {
                usual.await;
                Reply::Lost { text }
            }
            Some(reply) => reply,
            None => usual.await,
        };
        match self.faults.after("carrier.call", fault).await {
            Ok(()) => reply,
            Err(_) => Reply::Lost { text: "the connection broke before the answer came".to_owned() },
        }
    }

    fn write_down(&self, way: Way<'_>, direct: &Direct, now: Time) -> Reply {
        let mut state = self.state();
        let id = format!("n{:012x}-{:06}", now.millis(), state.noted);
        let note = Note::of(id.clone(), way, direct, now);
        if let Some(folder) = &state.folder
            && let Err(error) = write(&folder.join(format!("{id}.{NOTE}")), &note)
        {
            return unwritten(&error);
        }
        state.noted += 1;
        state.notes.push_back(note);
        if state.notes.len() > KEEP {
            state.notes.pop_front();
        }
        Reply::Accepted { id }
    }

    /// Gives a file as [`Self::answer_next`] was told to. By itself an outbox has none.
    pub async fn give(&self, call: &HttpCall, clock: &Clock) -> Result<Download, String> {
        match self.keep(&Call::Http(call.clone()), clock).await {
            Reply::Answered(answer) => Ok(answer.into()),
            Reply::Accepted { .. } => Err("an outbox has no files".to_owned()),
            Reply::Refused { text, .. } | Reply::Unread { text } | Reply::Unreached { text } | Reply::Lost { text } => {
                Err(text)
            }
        }
    }

    async fn store(&self, call: &Call, now: Time) -> Reply {
        let (provider, from, to, raw, tag, repeatable) = match call {
            Call::Ses(call) => {
                let tag = call.tags.iter().find(|(name, _)| name == providers::ses::TAG).map(|(_, tag)| tag.clone());
                ("ses", &call.from, &call.to, &call.raw, tag.unwrap_or_default(), false)
            }
            Call::Smtp(call) => ("smtp", &call.from, &call.to, &call.raw, String::new(), false),
            Call::Capture(call) => ("capture", &call.from, &call.to, &call.raw, call.tag.clone(), true),
            Call::Look(Look::Outbox) => return Reply::Accepted { id: String::new() },
            Call::Sns(_) | Call::Http(_) | Call::Look(Look::Ses { .. } | Look::Smtp(_)) => {
                return unfit("nothing leaves this machine, and this provider's mails cannot be kept: see --live");
            }
        };
        let raw = match pieces::whole(&self.files, raw).await {
            Ok(raw) => raw,
            Err(reply) => return reply,
        };
        let mut state = self.state();
        if let Some(known) = state.kept.iter().find(|kept| repeatable && kept.provider == provider && kept.tag == tag) {
            return Reply::Accepted { id: known.id.clone() };
        }
        let id = format!("{:012x}-{:06}", now.millis(), state.taken);
        let kept =
            Kept { id: id.clone(), tag, provider: provider.to_owned(), from: from.clone(), to: to.clone(), raw, at: now };
        if let Some(folder) = &state.folder
            && let Err(error) = write(&folder.join(format!("{id}.json")), &kept)
        {
            return unwritten(&error);
        }
        state.taken += 1;
        state.kept.push_back(kept);
        if state.kept.len() > KEEP {
            state.kept.pop_front();
        }
        Reply::Accepted { id }
    }
}

/// What the outbox cannot keep. The status is one that every provider takes for a refusal for good.
/// The web request in it.
const fn web(call: &Call) -> Option<&HttpCall> {
    if let Call::Http(call) = call { Some(call) } else { None }
}

fn unfit(text: &str) -> Reply {
    Reply::Refused { status: 413, code: String::new(), text: text.to_owned(), after: None }
}

fn unwritten(error: &std::io::Error) -> Reply {
    Reply::Unreached { text: format!("the outbox cannot be written: {error}") }
}

fn write(path: &std::path::Path, message: &impl Serialize) -> std::io::Result<()> {
    let half = path.with_extension("half");
    std::fs::write(&half, serde_json::to_vec(message)?)?;
    std::fs::rename(half, path)
}
