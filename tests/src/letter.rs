//! A letter: what a provider was handed, read as a mail program reads it.

use mail_parser::{Address, MessageParser};
use send::outbox::Kept;

/// See the module's words.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Subject.
    pub subject: String,
    /// HTML body, empty when there is none.
    pub html: String,
    /// Text body, empty when there is none.
    pub text: String,
    /// `name <address>` of the sender.
    pub from: String,
    /// Visible recipients.
    pub to: Vec<String>,
    /// Visible further recipients.
    pub cc: Vec<String>,
    /// Where answers go.
    pub reply_to: Vec<String>,
    /// Everybody on the envelope.
    pub envelope: Vec<String>,
    /// Headers as they stand in the message: name and raw value.
    pub headers: Vec<(String, String)>,
    /// The raw message.
    pub raw: String,
    /// What the provider kept.
    pub kept: Kept,
}

fn people(address: Option<&Address<'_>>) -> Vec<String> {
    let shown = |name: Option<&str>, address: Option<&str>| match (name, address) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (None, Some(address)) => address.to_owned(),
        (_, None) => String::new(),
    };
    address.map(|all| all.iter().map(|one| shown(one.name(), one.address())).collect()).unwrap_or_default()
}

impl Letter {
    /// Reads what a provider kept.
    pub fn read(kept: &Kept) -> Self {
        let message = MessageParser::default().parse(&kept.raw).unwrap();
        // A part that is missing is not to be made up from the other one.
        let part = |kind: &str| {
            let found = message.parts.iter().find(|part| {
                use mail_parser::MimeHeaders;
                part.content_type().is_some_and(|it| it.subtype() == Some(kind) && it.ctype() == "text")
            });
            found.and_then(|part| part.text_contents()).unwrap_or_default().to_owned()
        };
        Self {
            subject: message.subject().unwrap_or_default().to_owned(),
            html: part("html"),
            text: part("plain"),
            from: people(message.from()).join(", "),
            to: people(message.to()),
            cc: people(message.cc()),
            reply_to: people(message.reply_to()),
            envelope: kept.to.iter().map(ToString::to_string).collect(),
            headers: message.headers_raw().map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect(),
            raw: String::from_utf8_lossy(&kept.raw).into_owned(),
            kept: kept.clone(),
        }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn addresses(&self, attribute: &str) -> Vec<String> {
        let start = format!("{attribute}=\"");
        let rest = self.html.split(start.as_str()).skip(1);
        rest.filter_map(|rest| rest.split('"').next()).map(|address| address.replace("&amp;", "&")).collect()
    }

    /// Where its links lead, in order.
    pub fn links(&self) -> Vec<String> {
        self.addresses("href")
    }

    /// The path of its first link through the click redirect.
    pub fn tracked_link(&self) -> String {
        let links = self.links();
        let tracked = links.iter().find(|link| link.contains("/t/c/"));
        path_of(tracked.unwrap_or_else(|| panic!("no tracked link in {links:?}")))
    }

    /// The path of its open pixel.
    pub fn pixel(&self) -> Option<String> {
        self.addresses("src").into_iter().find(|address| address.contains("/t/o/")).map(|address| path_of(&address))
    }

    /// The path of its one-click unsubscription.
    pub fn unsubscribe(&self) -> String {
        let header = self.header("List-Unsubscribe").unwrap_or_else(|| panic!("no List-Unsubscribe in {:?}", self.headers));
        let flat: String = header.split_whitespace().collect();
        path_of(flat.trim_start_matches('<').trim_end_matches('>'))
    }
}

/// The path of an address on the stage.
fn path_of(address: &str) -> String {
    let path = address.strip_prefix(local::stage::PUBLIC_URL).unwrap_or_else(|| panic!("{address} leads elsewhere"));
    path.to_owned()
}
