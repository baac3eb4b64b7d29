//! An IMAP server with one mailbox, which behaves as a test tells it to, and remembers what it was told.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};

use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::Notify;

use crate::Identity;
use crate::line::{Stream, Wire, listen, protect, say};

/// A moment of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The connection was taken.
    Greeting,
    /// `STARTTLS`.
    Starttls,
    /// `LOGIN`.
    Login,
    /// `EXAMINE`.
    Examine,
    /// Mails are asked for their sizes.
    Sizes,
    /// A mail is fetched.
    Mail,
}

/// What a test does while the server takes its time.
#[derive(Clone)]
pub struct Meanwhile(pub Arc<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

/// What the server does at a moment, once, instead of what it should.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Says this, `TAG` in it standing for the command's own.
    Say(String),
    /// Says the half of what it should, and hangs up.
    HangUpHalfWay,
    /// Says nothing any more, and ends the client's patience.
    Silence,
    /// Says what it should, after this has happened.
    Slowly(Meanwhile),
}

/// What stands in the mailbox, and what happened.
#[derive(Debug)]
pub struct Mailbox {
    /// UIDs are good as long as this stays.
    pub validity: u32,
    /// The UID of the mail that comes next.
    pub next: u32,
    /// UID, size as it is said, and content.
    pub mails: Vec<(u32, usize, Vec<u8>)>,
    /// UIDs of mails that break every connection off by which they are fetched.
    pub broken: Vec<u32>,
    /// The password that is good.
    pub password: String,
    /// What is done once, at the moment that comes first.
    pub deeds: Vec<(At, Deed)>,
    /// What the server was told, line by line.
    pub commands: Vec<String>,
    /// Connections that were taken.
    pub connections: usize,
}

/// The server.
#[derive(Debug)]
pub struct Stub {
    /// Its port.
    pub port: u16,
    /// Told when the server falls silent.
    pub silent: Arc<Notify>,
    mailbox: Arc<Mutex<Mailbox>>,
}

impl Stub {
    /// A server without TLS, whose mailbox is empty. Its password is `hunter2`.
    pub async fn start() -> Self {
        Self::serve(None, false).await
    }

    /// A server with TLS: from the first byte, or by `STARTTLS`.
    pub async fn protected(identity: &Identity, implicit: bool) -> Self {
        Self::serve(Some(identity.server.clone()), implicit).await
    }

    #[expect(clippy::unused_async, reason = "it needs a runtime, which is there where this is waited for")]
    async fn serve(tls: Option<Arc<ServerConfig>>, implicit: bool) -> Self {
        let silent = Arc::new(Notify::new());
        let mailbox = Arc::new(Mutex::new(Mailbox {
            validity: 7,
            next: 1,
            mails: Vec::new(),
            broken: Vec::new(),
            password: "hunter2".to_owned(),
            deeds: Vec::new(),
            commands: Vec::new(),
            connections: 0,
        }));
        let serving = Serving { tls, implicit, silent: silent.clone(), mailbox: mailbox.clone() };
        let port = listen(std::iter::repeat(()), move |_, (), stream| {
            let serving = serving.clone();
            async move {
                serving.run(stream).await;
            }
        });
        Self { port, silent, mailbox }
    }

    /// The mailbox.
    pub fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap()
    }

    /// A mail comes in; answers with its UID.
    pub fn deliver(&self, raw: &str) -> u32 {
        self.deliver_saying(raw, raw.len())
    }

    /// A mail comes in that is said to be so large.
    pub fn deliver_saying(&self, raw: &str, size: usize) -> u32 {
        let mut mailbox = self.mailbox();
        let uid = mailbox.next;
        mailbox.next += 1;
        mailbox.mails.push((uid, size, raw.as_bytes().to_vec()));
        uid
    }

    /// That deed at that moment, once.
    pub fn at(&self, at: At, deed: Deed) {
        self.mailbox().deeds.push((at, deed));
    }

    /// What the server was told that begins with that word, without tags.
    pub fn told(&self, word: &str) -> Vec<String> {
        self.mailbox().commands.iter().filter(|command| command.starts_with(word)).cloned().collect()
    }
}

/// What a connection is served with.
#[derive(Clone)]
struct Serving {
    tls: Option<Arc<ServerConfig>>,
    implicit: bool,
    silent: Arc<Notify>,
    mailbox: Arc<Mutex<Mailbox>>,
}

impl Serving {
    async fn run(&self, stream: Box<dyn Stream>) -> Option<()> {
        self.mailbox.lock().unwrap().connections += 1;
        let mut wire = BufReader::new(stream);
        if self.implicit {
            wire = self.protect(wire).await?;
        }
        self.answer(&mut wire, At::Greeting, "", "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n".into()).await?;
        loop {
            let mut line = String::new();
            if wire.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            let (tag, command) = line.split_once(' ')?;
            self.mailbox.lock().unwrap().commands.push(command.to_owned());
            if command == "STARTTLS" {
                self.answer(&mut wire, At::Starttls, tag, format!("{tag} OK go on\r\n").into()).await?;
                wire = self.protect(wire).await?;
                continue;
            }
            let (at, said) = self.reply(tag, command);
            if self.breaks_off(command) {
                return None;
            }
            match at {
                Some(at) => self.answer(&mut wire, at, tag, said).await?,
                None => say(&mut wire, &said).await?,
            }
        }
    }

    /// What is said to a command by a server that is in order.
    fn reply(&self, tag: &str, command: &str) -> (Option<At>, Vec<u8>) {
        let mailbox = self.mailbox.lock().unwrap();
        let words: Vec<&str> = command.split(' ').collect();
        match words.as_slice() {
            ["LOGIN", ..] => {
                let good = command == format!("LOGIN \"shop\" \"{}\"", mailbox.password);
                let said = if good { "OK welcome" } else { "NO [AUTHENTICATIONFAILED] wrong password" };
                (Some(At::Login), format!("{tag} {said}\r\n").into())
            }
            ["EXAMINE", "\"INBOX\""] => {
                let (count, validity, next) = (mailbox.mails.len(), mailbox.validity, mailbox.next);
                let said = format!(
                    "* FLAGS (\\Answered \\Seen)\r\n* {count} EXISTS\r\n* OK [UIDVALIDITY {validity}] valid\r\n\
                     * OK [UIDNEXT {next}] next\r\n{tag} OK [READ-ONLY] opened\r\n"
                );
                (Some(At::Examine), said.into())
            }
            ["UID", "FETCH", range, "(UID", "RFC822.SIZE)"] => {
                let (first, last) = range.split_once(':').unwrap();
                let range = first.parse::<u32>().unwrap()..=last.parse().unwrap();
                let mut said = String::new();
                for (number, (uid, size, _)) in mailbox.mails.iter().enumerate().filter(|(_, (uid, ..))| range.contains(uid)) {
                    write!(said, "* {} FETCH (UID {uid} RFC822.SIZE {size})\r\n", number + 1).unwrap();
                }
                (Some(At::Sizes), format!("{said}{tag} OK done\r\n").into())
            }
            ["UID", "FETCH", wanted, "(UID", section] if section.starts_with("BODY.PEEK[]<0.") => {
                let wanted: u32 = wanted.parse().unwrap();
                let most: usize = section["BODY.PEEK[]<0.".len()..].strip_suffix(">)").unwrap().parse().unwrap();
                let found = mailbox.mails.iter().find(|(uid, ..)| *uid == wanted);
                let mail = found.map(|(uid, _, raw)| {
                    let part = &raw[..raw.len().min(most)];
                    [format!("* 1 FETCH (UID {uid} BODY[]<0> {{{}}}\r\n", part.len()).as_bytes(), part, b")\r\n"].concat()
                });
                (Some(At::Mail), [mail.unwrap_or_default(), format!("{tag} OK done\r\n").into()].concat())
            }
            ["LOGOUT"] => (None, format!("* BYE see you\r\n{tag} OK gone\r\n").into()),
            _ => (None, format!("{tag} BAD what\r\n").into()),
        }
    }

    /// Whether a mail is fetched that breaks the connection off.
    fn breaks_off(&self, command: &str) -> bool {
        let broken = self.mailbox.lock().unwrap().broken.clone();
        broken.iter().any(|uid| command.starts_with(&format!("UID FETCH {uid} ")))
    }

    /// Does what is to be done at the moment, or gives the usual answer.
    async fn answer(&self, wire: &mut Wire, at: At, tag: &str, usual: Vec<u8>) -> Option<()> {
        let deed = {
            let mut mailbox = self.mailbox.lock().unwrap();
            let place = mailbox.deeds.iter().position(|(when, _)| *when == at);
            place.map(|place| mailbox.deeds.remove(place).1)
        };
        match deed {
            None => say(wire, &usual).await,
            Some(Deed::Slowly(Meanwhile(happens))) => {
                happens();
                say(wire, &usual).await
            }
            Some(Deed::Say(said)) => say(wire, said.replace("TAG", tag).as_bytes()).await,
            Some(Deed::HangUpHalfWay) => {
                say(wire, &usual[..usual.len() / 2]).await?;
                None
            }
            Some(Deed::Silence) => {
                self.silent.notify_one();
                std::future::pending().await
            }
        }
    }

    async fn protect(&self, wire: Wire) -> Option<Wire> {
        let stream = protect(self.tls.as_ref()?, &[], wire.into_inner()).await?;
        Some(BufReader::new(Box::new(stream)))
    }
}
