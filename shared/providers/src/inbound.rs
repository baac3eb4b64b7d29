//! What people send to us, as their provider tells it.

use std::fmt;

use kernel::Time;
use serde::{Deserialize, Serialize};

use crate::Location;

/// A message that came in. `Debug` shows no text and no name.
#[derive(Clone, Default, PartialEq)]
pub struct Inbound {
    /// The provider's id of the message: the key to recognise repetitions by.
    pub id: String,
    /// When it was sent, by the provider's clock.
    pub at: Time,
    /// Of an email: the date that it carries, believed or not. It is the same whenever the message comes.
    pub dated: Option<Time>,
    /// The sender's address in the channel's own form: email, telephone number (E.164), chat id.
    pub from: String,
    /// The sender's name.
    pub name: Option<String>,
    /// The address of ours that it came to.
    pub to: Option<String>,
    /// What the provider groups messages by, when it does: a thread, a room, a chat other than the sender's own.
    pub thread: Option<String>,
    /// Subject.
    pub subject: Option<String>,
    /// Text.
    pub text: Option<String>,
    /// HTML, as it came: nobody has cleaned it.
    pub html: Option<String>,
    /// Files.
    pub files: Vec<InboundFile>,
    /// A place.
    pub location: Option<Location>,
    /// What a pressed button sent back.
    pub button: Option<String>,
    /// The provider's id of the message that it answers.
    pub answers: Option<String>,
    /// Of an email: the Message-IDs of `In-Reply-To` and `References`, without brackets, the nearest first.
    pub references: Vec<String>,
    /// Whether a machine wrote it (RFC 3834): never to be answered by a machine.
    pub automatic: bool,
    /// What the sender wants of all future messages, when the provider or the text says so.
    pub wish: Option<Wish>,
    /// Why it is to be kept out, when the provider has found that: `spam`, `virus`.
    pub unwanted: Option<&'static str>,
    /// Whether the provider has answered that wish itself: a second answer would be one too many.
    pub answered: bool,
    /// Whether there was more than is told here.
    pub shortened: bool,
}

/// Where a provider has put a message that its callback only tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Name of the bucket.
    pub bucket: String,
    /// Key of the object.
    pub key: String,
}

impl Inbound {
    /// The same through an account whose provider confirms wishes itself, or does not.
    #[must_use]
    pub(crate) fn confirmed(self, confirms: bool) -> Self {
        Self { answered: self.answered || (confirms && self.wish.is_some()), ..self }
    }

    /// Whether it says something, and is not a wish alone that was told to the provider's app.
    pub const fn speaks(&self) -> bool {
        self.wish.is_none()
            || self.text.is_some()
            || self.html.is_some()
            || self.button.is_some()
            || self.location.is_some()
            || !self.files.is_empty()
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound")
            .field("id", &self.id)
            .field("at", &self.at)
            .field("text_bytes", &self.text.as_ref().map(String::len))
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

/// A file that came in. Its bytes are in the callback, or fetched from the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct InboundFile {
    /// File name.
    pub name: Option<String>,
    /// Media type as the sender names it.
    pub media_type: Option<String>,
    /// Size, when it is known.
    pub bytes: Option<u64>,
    /// The id that HTML refers to it by.
    pub content_id: Option<String>,
    /// Where its bytes are.
    pub source: FileSource,
}

/// Where the bytes of a file that came in are.
#[derive(Clone, PartialEq, Eq)]
pub enum FileSource {
    /// Here.
    Bytes(Vec<u8>),
    /// At an address, which is fetched with the provider's login when it is one of the provider's hosts.
    Url(String),
    /// At the provider, by an id that [`crate::Sending::file`] turns into a request.
    Id(String),
}

/// What a sender wants of all future messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// No more of them.
    Stop,
    /// They are welcome again.
    Start,
    /// To know how to stop.
    Help,
}

/// Words that stop messages, in the languages of our tenants' customers. The whole text must be one of them: carriers in North
/// America demand the English ones (CTIA Messaging Principles).
const STOP: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "optout",
    "opt out",
    "opt-out",
    "revoke",
    // German.
    "stopp",
    "abmelden",
    "abbestellen",
    // French; Canadian carriers demand the first.
    "arret",
    "arrêt",
    "desabonner",
    "désabonner",
    // Spanish and Portuguese.
    "baja",
    "alto",
    "parar",
    "salir",
    "sair",
    "descadastrar",
    // Italian.
    "basta",
    "cancellami",
    // Dutch.
    "afmelden",
    "uitschrijven",
    // Russian and Turkish.
    "стоп",
    "отписаться",
    "iptal",
    "dur",
];
/// Words that welcome messages again.
const START: &[&str] = &[
    "start",
    "unstop",
    "yes",
    "subscribe",
    "optin",
    "opt in",
    "opt-in",
    "alta",
    "anmelden",
    "aanmelden",
    "iscrivimi",
    "старт",
];
/// Words that ask how to stop.
const HELP: &[&str] = &["help", "info", "hilfe", "aide", "ayuda", "ajuda", "aiuto", "hulp", "помощь"];

impl Wish {
    /// The word in the API and in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Help => "help",
        }
    }

    /// What a text asks for, when the whole of it is one of the words.
    pub fn of(text: &str) -> Option<Self> {
        let plain = text.trim().trim_matches(|one: char| one.is_ascii_punctuation() || one.is_whitespace()).to_lowercase();
        // No word is longer.
        if plain.len() > 24 {
            return None;
        }
        let plain = plain.as_str();
        [(STOP, Self::Stop), (START, Self::Start), (HELP, Self::Help)]
            .into_iter()
            .find(|(words, _)| words.contains(&plain))
            .map(|(_, wish)| wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_text_is_a_word() {
        for text in ["STOP", " stop. ", "Stop!", "Opt-Out", "ARRÊT", "\"stop\""] {
            assert_eq!(Wish::of(text), Some(Wish::Stop), "{text}");
        }
        assert_eq!(Wish::of("start"), Some(Wish::Start));
        assert_eq!(Wish::of("HELP"), Some(Wish::Help));
        for text in ["Stopp", "Abbestellen", "ARRET", "Désabonner", "Baja", "PARAR", "Sair", "Cancellami", "Afmelden!"] {
            assert_eq!(Wish::of(text), Some(Wish::Stop), "{text}");
        }
        for text in [
            "please stop by at noon",
            "bitte abmelden",
            "quiero parar",
            "arret de bus",
            "stop it",
            "",
            "...",
            "nonstop",
            &"stop ".repeat(9),
        ] {
            assert_eq!(Wish::of(text), None, "{text}");
        }
    }
}
