//! Mail over SMTP: one exchange for each call, over a connection that is kept when it is in order. Every failure is sorted by
//! how far the exchange had come.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use aws::Files;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::crypto::sha256;
use net::names::{Names, Reach};
use net::patience::{Limit, Patience};
use net::pieces;
use providers::{Reply, SmtpCall, SmtpServer};
use rustls::ClientConfig;

use super::answer::Answer;
use super::dialogue::{Dialogue, Failure};

/// Most servers that connections are kept to.
const SERVERS: usize = 50;
/// Most idle connections kept to one server.
const IDLE: usize = 4;
/// How long one exchange may take: the function must live to note how it ended.
const EXCHANGE: Duration = Duration::from_secs(20);
/// How long a courtesy may take: asking whether a kept connection still stands, tidying up after a refusal, taking leave.
const COURTESY: Duration = Duration::from_secs(3);

/// What makes two calls share a connection: the digest of server, protection and login.
type Server = [u8; 32];

/// See the file's head.
#[derive(Clone)]
pub struct Smtp {
    reach: Reach,
    names: Names,
    patience: Patience,
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
    idle: Arc<Mutex<BTreeMap<Server, Vec<Dialogue>>>>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Smtp")
    }
}

impl Smtp {
    /// To servers within that reach, by the system's resolver, trusting the public roots.
    pub fn new(reach: Reach) -> Self {
        let (names, patience) = (Names::System, Patience::Seconds);
        Self { reach, names, patience, tls: Arc::default(), idle: Arc::default() }
    }

    /// The same with other names.
    #[must_use]
    pub fn names(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// The same with other patience.
    #[must_use]
    pub fn patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The same with other trust.
    #[must_use]
    pub fn trusting(self, tls: ClientConfig) -> Self {
        Self { tls: Arc::new(OnceLock::from(Arc::new(tls))), ..self }
    }

    /// Hands the message to the call's server, once, reading its stored files as it goes out.
    pub async fn submit(&self, call: &SmtpCall, files: &Files) -> Reply {
        if let Some(refusal) = pieces::refusal(files, &call.raw) {
            return refusal;
        }
        let server = digest(&call.server);
        let limit = self.patience.start(EXCHANGE);
        if let Some(ended) = self.over_kept(server, call, files, &limit).await {
            return ended;
        }
        match self.open(&call.server, limit).await {
            Ok(mut dialogue) => {
                let ended = dialogue.submit(call, files).await;
                self.part(server, dialogue, &ended).await;
                reply(&call.server, ended)
            }
            Err(failure) => reply(&call.server, Err(failure)),
        }
    }

    /// Is let in by the server and takes leave. A kept connection would prove that an earlier login was in order, so none is used.
    pub async fn look(&self, server: &SmtpServer) -> Reply {
        match self.open(server, self.patience.start(EXCHANGE)).await {
            Ok(dialogue) => {
                dialogue.leave(self.patience.start(COURTESY)).await;
                Reply::Accepted { id: String::new() }
            }
            Err(failure) => reply(server, Err(failure)),
        }
    }

    async fn open(&self, server: &SmtpServer, mut limit: Limit) -> Result<Dialogue, Failure> {
        let addresses = match limit.within(self.names.find(&server.host, server.port, self.reach)).await {
            Some(found) => found.map_err(Failure::Unreached)?,
            None => return Err(Failure::Unreached(format!("{} was not found in time", server.host))),
        };
        let tls = self.tls.get_or_init(|| Arc::new(aws::tls::public())).clone();
        Dialogue::open(&addresses, server, tls, limit).await
    }

    /// Over a connection from before. Nothing when there is none, or when the server lets go of it without having taken the
    /// message: then a fresh one may try in the time that is left.
    async fn over_kept(&self, server: Server, call: &SmtpCall, files: &Files, limit: &Limit) -> Option<Reply> {
        let mut dialogue = self.kept(server, limit).await?;
        dialogue.resume(limit.clone());
        let ended = dialogue.submit(call, files).await;
        let stale = match &ended {
            Err(Failure::Unreached(_)) => !dialogue.is_over(),
            Err(Failure::Refused(said)) => said.status == 421,
            Ok(_) | Err(Failure::Lost(_) | Failure::Unread(_)) => false,
        };
        self.part(server, dialogue, &ended).await;
        (!stale).then(|| reply(&call.server, ended))
    }

    async fn kept(&self, server: Server, limit: &Limit) -> Option<Dialogue> {
        loop {
            let mut dialogue = self.idle().get_mut(&server).and_then(Vec::pop)?;
            if dialogue.reset(limit.at_most(COURTESY)).await {
                return Some(dialogue);
            }
        }
    }

    /// Keeps a connection that is in order for the next message.
    async fn part(&self, server: Server, mut dialogue: Dialogue, ended: &Result<Answer, Failure>) {
        let limit = self.patience.start(COURTESY);
        let sound = match ended {
            Ok(_) => true,
            // The refused recipients, and those before them, must not wait for a message.
            Err(Failure::Refused(said)) => said.status != 421 && dialogue.reset(limit.clone()).await,
            Err(Failure::Unreached(_) | Failure::Unread(_) | Failure::Lost(_)) => false,
        };
        if !sound {
            return;
        }
        if let Some(surplus) = self.keep(server, dialogue) {
            surplus.leave(limit).await;
        }
    }

    fn keep(&self, server: Server, dialogue: Dialogue) -> Option<Dialogue> {
        let mut idle = self.idle();
        if idle.len() >= SERVERS && !idle.contains_key(&server) {
            idle.clear();
        }
        let kept = idle.entry(server).or_default();
        if kept.len() >= IDLE {
            return Some(dialogue);
        }
        kept.push(dialogue);
        None
    }

    fn idle(&self) -> MutexGuard<'_, BTreeMap<Server, Vec<Dialogue>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(server: &SmtpServer) -> Server {
    let login = server.login.as_ref().map(|(name, password)| format!("{name}\0{}", password.reveal())).unwrap_or_default();
    sha256(format!("{}\0{}\0{:?}\0{login}", server.host, server.port, server.security).as_bytes())
}

fn reply(server: &SmtpServer, ended: Result<Answer, Failure>) -> Reply {
    match ended {
        Ok(said) => Reply::Accepted { id: domain::message::cut(&discreet(server, said.text), 120) },
        Err(Failure::Refused(said)) => {
            Reply::Refused { status: said.status, code: said.code, text: discreet(server, said.text), after: None }
        }
        Err(Failure::Unread(text)) => Reply::Unread { text },
        Err(Failure::Unreached(text)) => Reply::Unreached { text },
        Err(Failure::Lost(text)) => Reply::Lost { text },
    }
}

/// The server's words, unless it repeats the login in them: they are kept with the message and shown.
fn discreet(server: &SmtpServer, text: String) -> String {
    let Some((name, password)) = &server.login else { return text };
    let password = password.reveal();
    let spoken = [password.to_owned(), STANDARD.encode(password), STANDARD.encode(format!("\0{name}\0{password}"))];
    if spoken.iter().any(|secret| text.contains(secret.as_str())) {
        "(words left out: they repeat the login)".to_owned()
    } else {
        text
    }
}
