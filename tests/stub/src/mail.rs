//! An SMTP server that follows a script, connection by connection, and remembers what it was told.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::sync::Notify;

use crate::Identity;
use crate::line::{Stream, Wire, listen, protect};

/// A moment of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The connection was taken.
    Greeting,
    /// `EHLO`.
    Ehlo,
    /// `STARTTLS`.
    Starttls,
    /// `AUTH`, at its end.
    Auth,
    /// `MAIL`.
    Mail,
    /// The second message of the connection.
    MailAgain,
    /// The recipient of that number, from 0.
    Rcpt(usize),
    /// `DATA`.
    Data,
    /// After the first bytes of the message.
    Body,
    /// After the line that ends the message.
    Dot,
    /// `RSET`.
    Rset,
}

/// What the server does at a moment instead of what it should.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// Says this and goes on.
    Say(&'static str),
    /// Says this and hangs up.
    SayAndHangUp(&'static str),
    /// Hangs up.
    HangUp,
    /// Says nothing any more, and ends the client's patience.
    Silence,
}

/// One connection's script.
#[derive(Clone, Debug)]
pub struct Script {
    deeds: Vec<(At, Deed)>,
    extensions: Vec<&'static str>,
    tls: Option<Arc<ServerConfig>>,
    implicit: bool,
}

/// What a connection was told.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Commands, without their line ends.
    pub commands: Vec<String>,
    /// Messages as they were on the wire, without the line that ends them.
    pub messages: Vec<Vec<u8>>,
    /// Whether TLS was in place at the end.
    pub protected: bool,
}

/// The server.
#[derive(Debug)]
pub struct Stub {
    /// Its port.
    pub port: u16,
    /// Told when the server falls silent.
    pub silent: Arc<Notify>,
    sessions: Arc<Mutex<Vec<Session>>>,
}

impl Script {
    /// Everything goes well.
    pub fn good() -> Self {
        let extensions = vec!["8BITMIME", "SMTPUTF8", "SIZE 10485760", "AUTH PLAIN LOGIN"];
        Self { deeds: Vec::new(), extensions, tls: None, implicit: false }
    }

    /// That deed at that moment.
    #[must_use]
    pub fn at(mut self, at: At, deed: Deed) -> Self {
        self.deeds.push((at, deed));
        self
    }

    /// Offers those extensions alone.
    #[must_use]
    pub fn offering(self, extensions: &[&'static str]) -> Self {
        Self { extensions: extensions.to_vec(), ..self }
    }

    /// Offers STARTTLS.
    #[must_use]
    pub fn starttls(mut self, identity: &Identity) -> Self {
        self.extensions.push("STARTTLS");
        Self { tls: Some(identity.server.clone()), ..self }
    }

    /// TLS from the first byte.
    #[must_use]
    pub fn tls(self, identity: &Identity) -> Self {
        Self { tls: Some(identity.server.clone()), implicit: true, ..self }
    }

    fn deed(&self, at: At) -> Option<Deed> {
        self.deeds.iter().find(|(when, _)| *when == at).map(|(_, deed)| *deed)
    }
}

impl Stub {
    /// A server that takes one connection for each script, in order, and then no more.
    #[expect(clippy::unused_async, reason = "it needs a runtime, which is there where this is waited for")]
    pub async fn start(scripts: Vec<Script>) -> Self {
        let (silent, sessions) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Vec::new())));
        let stub = Self { port: 0, silent: silent.clone(), sessions: sessions.clone() };
        let port = listen(scripts.into_iter(), move |number, script, stream| {
            sessions.lock().unwrap().push(Session::default());
            let serving = Serving { number, script, silent: silent.clone(), sessions: sessions.clone() };
            async move { serving.run(stream).await }
        });
        Self { port, ..stub }
    }

    /// What the connection of that number was told.
    pub fn session(&self, number: usize) -> Session {
        self.sessions.lock().unwrap().get(number).cloned().unwrap_or_default()
    }

    /// How many connections were taken.
    pub fn connections(&self) -> usize {
        self.sessions.lock().unwrap().len()
    }
}

/// One connection.
struct Serving {
    number: usize,
    script: Script,
    silent: Arc<Notify>,
    sessions: Arc<Mutex<Vec<Session>>>,
}

/// The connection is over.
struct Over;

impl Serving {
    async fn run(&self, stream: Box<dyn Stream>) {
        let mut wire = BufReader::new(stream);
        if self.script.implicit {
            let Some(protected) = self.protect(wire).await else { return };
            wire = protected;
        }
        if self.answer(&mut wire, At::Greeting, "220 stub.example ready\r\n").await.is_err() {
            return;
        }
        while let Some(line) = line(&mut wire).await {
            self.note(|session| session.commands.push(line.clone()));
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            if word == "STARTTLS" {
                if self.answer(&mut wire, At::Starttls, "220 go on\r\n").await.is_err() {
                    return;
                }
                let Some(protected) = self.protect(wire).await else { return };
                wire = protected;
            } else if self.command(&mut wire, &word, &line).await.is_err() {
                return;
            }
        }
    }

    async fn command(&self, wire: &mut Wire, word: &str, line: &str) -> Result<(), Over> {
        match word {
            "EHLO" => {
                let mut said = vec!["stub.example".to_owned()];
                said.extend(self.script.extensions.iter().map(ToString::to_string));
                let last = said.len() - 1;
                let said: String = said
                    .iter()
                    .enumerate()
                    .map(|(i, line)| format!("250{}{line}\r\n", if i == last { ' ' } else { '-' }))
                    .collect();
                self.answer(wire, At::Ehlo, &said).await
            }
            "AUTH" => {
                let said = self.login(wire, line).await;
                self.answer(wire, At::Auth, said).await
            }
            "MAIL" => {
                let session = self.sessions.lock().unwrap()[self.number].clone();
                let second = session.commands.iter().filter(|command| command.starts_with("MAIL")).count() == 2;
                self.answer(wire, if second { At::MailAgain } else { At::Mail }, "250 2.1.0 ok\r\n").await
            }
            "RCPT" => {
                let session = self.sessions.lock().unwrap()[self.number].clone();
                let since = session.commands.iter().rposition(|command| command.starts_with("MAIL")).unwrap();
                self.answer(wire, At::Rcpt(session.commands.len() - since - 2), "250 2.1.5 ok\r\n").await
            }
            "DATA" => self.data(wire).await,
            "RSET" => self.answer(wire, At::Rset, "250 ok\r\n").await,
            "HELO" | "NOOP" => say(wire, "250 ok\r\n").await,
            "QUIT" => {
                say(wire, "221 bye\r\n").await?;
                Err(Over)
            }
            _ => say(wire, "500 5.5.2 what\r\n").await,
        }
    }

    async fn data(&self, wire: &mut Wire) -> Result<(), Over> {
        self.answer(wire, At::Data, "354 go on\r\n").await?;
        if let Some(deed) = self.script.deed(At::Data)
            && !matches!(deed, Deed::Say(said) if said.starts_with("354"))
        {
            return Ok(());
        }
        if self.script.deed(At::Body).is_some() {
            let mut first = [0; 1000];
            wire.read_exact(&mut first).await.map_err(|_| Over)?;
            self.answer(wire, At::Body, "").await?;
        }
        let mut message = Vec::new();
        while !message.ends_with(b"\r\n.\r\n") && message != b".\r\n" {
            if wire.read_until(b'\n', &mut message).await.map_err(|_| Over)? == 0 {
                return Err(Over);
            }
        }
        message.truncate(message.len() - b".\r\n".len());
        self.note(|session| session.messages.push(message));
        self.answer(wire, At::Dot, "250 2.0.0 queued as 1\r\n").await
    }

    /// Shop's password is `hunter2`.
    async fn login(&self, wire: &mut Wire, line: &str) -> &'static str {
        let words: Vec<&str> = line.split(' ').collect();
        let given = match words.as_slice() {
            ["AUTH", "PLAIN", proof] => vec![(*proof).to_owned()],
            ["AUTH", "LOGIN"] => {
                let mut given = Vec::new();
                for prompt in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
                    let _ = say(wire, prompt).await;
                    given.push(self::line(wire).await.unwrap_or_default());
                }
                given
            }
            _ => return "504 5.5.4 no such mechanism\r\n",
        };
        let given: Vec<String> =
            given.iter().map(|text| String::from_utf8(STANDARD.decode(text).unwrap_or_default()).unwrap_or_default()).collect();
        if given == ["\0shop\0hunter2"] || given == ["shop", "hunter2"] {
            "235 2.7.0 welcome\r\n"
        } else {
            "535 5.7.8 wrong\r\n"
        }
    }

    /// Does what the script says for the moment, or gives the usual answer.
    async fn answer(&self, wire: &mut Wire, at: At, usual: &str) -> Result<(), Over> {
        match self.script.deed(at) {
            None => say(wire, usual).await,
            Some(Deed::Say(said)) => say(wire, said).await,
            Some(Deed::SayAndHangUp(said)) => {
                let _ = say(wire, said).await;
                Err(Over)
            }
            Some(Deed::HangUp) => Err(Over),
            Some(Deed::Silence) => {
                self.silent.notify_one();
                std::future::pending().await
            }
        }
    }

    async fn protect(&self, wire: Wire) -> Option<Wire> {
        let tls = self.script.tls.clone()?;
        let stream = protect(&tls, &[], wire.into_inner()).await?;
        self.note(|session| session.protected = true);
        Some(BufReader::new(Box::new(stream)))
    }

    fn note(&self, write: impl FnOnce(&mut Session)) {
        write(&mut self.sessions.lock().unwrap()[self.number]);
    }
}

async fn say(wire: &mut Wire, said: &str) -> Result<(), Over> {
    // Latin-1, as some servers speak it.
    let bytes: Vec<u8> = said.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    crate::line::say(wire, &bytes).await.ok_or(Over)
}

async fn line(wire: &mut Wire) -> Option<String> {
    let mut line = Vec::new();
    wire.read_until(b'\n', &mut line).await.ok()?;
    let line = String::from_utf8(line).ok()?;
    Some(line.strip_suffix("\r\n")?.to_owned())
}
