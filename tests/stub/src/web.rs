//! A web server that follows a script, connection by connection, or answers each request as a judge says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::sync::Notify;

use crate::Identity;
use crate::line::{Stream, Wire, listen, protect, say};

mod two;

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Says this.
    Say(String),
    /// Says this, byte by byte.
    SayInDrops(String),
    /// Says this and hangs up.
    SayAndHangUp(String),
    /// Says this and nothing more, and ends the client's patience.
    SayAndFallSilent(String),
    /// Hangs up.
    HangUp,
    /// Says nothing any more, and ends the client's patience.
    Silence,
    /// Reads the request's head and hangs up. Where nothing but the script decides.
    HangUpAtTheHead,
    /// Reads nothing but the head, says nothing, and ends the client's patience. Where nothing but the script decides.
    SilenceAtTheHead,
}

/// One connection's script.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// What becomes of its requests, in order.
    pub deeds: Vec<Deed>,
    /// TLS from the first byte, with the protocols that are spoken.
    pub tls: Option<(Arc<ServerConfig>, Vec<&'static str>)>,
    /// Falls silent before the handshake.
    pub mute: bool,
}

impl Script {
    /// Those deeds, without TLS.
    pub fn of(deeds: &[Deed]) -> Self {
        Self { deeds: deeds.to_vec(), ..Self::default() }
    }

    /// The same over TLS.
    #[must_use]
    pub fn tls(self, identity: &Identity, protocols: &[&'static str]) -> Self {
        Self { tls: Some((identity.server.clone(), protocols.to_vec())), ..self }
    }
}

/// One request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Method and path, and the protocol when it is not HTTP/1.1.
    pub line: String,
    /// Headers in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Asked {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Decides what becomes of a request that was read whole.
pub type Judge = Arc<dyn Fn(&Asked) -> Deed + Send + Sync>;

/// The server.
#[derive(Debug)]
pub struct Stub {
    /// Its port.
    pub port: u16,
    /// Told when the server falls silent.
    pub silent: Arc<Notify>,
    connections: Arc<Mutex<usize>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// An answer with a body. Each header ends its line.
pub fn says(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

impl Stub {
    /// A server that takes one connection for each script, in order, and then no more.
    #[expect(clippy::unused_async, reason = "it needs a runtime, which is there where this is waited for")]
    pub async fn start(scripts: Vec<Script>) -> Self {
        Self::serve(scripts.into_iter(), None)
    }

    /// A server that takes every connection, over TLS where it has an identity, and does with each request what the judge says.
    #[expect(clippy::unused_async, reason = "it needs a runtime, which is there where this is waited for")]
    pub async fn judging(identity: Option<&Identity>, protocols: &[&'static str], judge: Judge) -> Self {
        let script = match identity {
            Some(identity) => Script::default().tls(identity, protocols),
            None => Script::default(),
        };
        Self::serve(std::iter::repeat(script), Some(judge))
    }

    fn serve(scripts: impl Iterator<Item = Script> + Send + 'static, judge: Option<Judge>) -> Self {
        let (silent, connections, asked) = (Arc::<Notify>::default(), Arc::<Mutex<usize>>::default(), Arc::default());
        let stub = Self { port: 0, silent: silent.clone(), connections: connections.clone(), asked: Arc::clone(&asked) };
        let port = listen(scripts, move |_, script, stream| {
            *connections.lock().unwrap() += 1;
            let deeds = Mutex::new(script.deeds.iter().cloned().collect());
            let serving = Serving { script, deeds, judge: judge.clone(), silent: silent.clone(), asked: asked.clone() };
            serving.run(stream)
        });
        Self { port, ..stub }
    }

    /// How many connections were taken.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// The requests that were read whole.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// One connection.
struct Serving {
    script: Script,
    deeds: Mutex<VecDeque<Deed>>,
    judge: Option<Judge>,
    silent: Arc<Notify>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Serving {
    async fn run(self, stream: Box<dyn Stream>) {
        if self.script.mute {
            return self.fall_silent().await;
        }
        let mut stream = stream;
        if let Some((tls, protocols)) = &self.script.tls {
            let Some(protected) = protect(tls, protocols, stream).await else { return };
            if protected.get_ref().1.alpn_protocol() == Some(b"h2") {
                return two::serve(self, protected).await;
            }
            stream = Box::new(protected);
        }
        let mut wire = BufReader::new(stream);
        while self.one(&mut wire).await.is_some() {}
    }

    /// One request and what becomes of it; nothing when the connection is over, or nobody says what is to be done.
    async fn one(&self, wire: &mut Wire) -> Option<()> {
        let scripted = self.deeds.lock().unwrap().pop_front();
        if scripted.is_none() && self.judge.is_none() {
            // Whatever comes now is not answered.
            let _ = wire.read_u8().await;
            return None;
        }
        let mut asked = head(wire).await?;
        match scripted {
            Some(Deed::HangUpAtTheHead) => return None,
            Some(Deed::SilenceAtTheHead) => self.fall_silent().await,
            _ => {}
        }
        let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
        asked.body = vec![0; length];
        wire.read_exact(&mut asked.body).await.ok()?;
        match self.decide(scripted, asked) {
            Deed::Say(said) => say(wire, said.as_bytes()).await,
            Deed::SayInDrops(said) => {
                for drop in said.as_bytes().chunks(1) {
                    say(wire, drop).await?;
                    tokio::task::yield_now().await;
                }
                Some(())
            }
            Deed::SayAndHangUp(said) => {
                say(wire, said.as_bytes()).await?;
                None
            }
            Deed::SayAndFallSilent(said) => {
                say(wire, said.as_bytes()).await?;
                self.fall_silent().await;
                None
            }
            Deed::HangUp | Deed::HangUpAtTheHead => None,
            Deed::Silence | Deed::SilenceAtTheHead => {
                self.fall_silent().await;
                None
            }
        }
    }

    /// Remembers a request that was read whole, and says what becomes of it.
    fn decide(&self, scripted: Option<Deed>, asked: Asked) -> Deed {
        let deed = scripted.or_else(|| self.judge.as_ref().map(|judge| judge(&asked)));
        self.asked.lock().unwrap().push(asked);
        deed.unwrap_or(Deed::HangUp)
    }

    async fn fall_silent(&self) {
        self.silent.notify_one();
        std::future::pending().await
    }
}

async fn head(wire: &mut Wire) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        if wire.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        let line = String::from_utf8(line).unwrap().trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let (first, headers) = lines.split_first()?;
    let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let line = first.trim_end_matches(" HTTP/1.1").to_owned();
    Some(Asked { line, headers: headers.iter().filter_map(header).collect(), body: Vec::new() })
}
