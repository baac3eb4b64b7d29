//! One connection to an IMAP server, command by command. Sources: RFC 9051 and RFC 3501 (protocol), RFC 2595 (STARTTLS), RFC 5530 (codes
//! of refusals).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use net::patience::Limit;
use net::socket::{Stream, connect, protect};
use providers::collecting::LARGEST;
use providers::imap::quoted;
use providers::imap::response::{self, Condition, Fetched, Heard, Said};
use providers::{ImapServer, Security};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::seen::Trouble;

/// How long one command may take. A mail of the largest size comes in that time by 12 Mbit/s.
const STEP: Duration = Duration::from_secs(20);
/// Most responses to one command.
const RESPONSES: usize = 5_000;
/// Most bytes of a literal where no mail was asked for.
const SMALL: usize = 64 * 1024;

/// A mailbox that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// UIDs are good as long as this stays.
    pub validity: u32,
    /// The UID of the mail that comes next.
    pub next: u32,
}

/// See the file's head.
pub struct Dialogue {
    stream: Box<dyn Stream>,
    heard: Vec<u8>,
    number: u32,
    limit: Limit,
}

/// How a command ended, and what was said before.
struct Ended {
    said: Vec<Said>,
    condition: Condition,
}

impl Dialogue {
    /// Connects to the first of the addresses that answers, protects the connection as it should be, and logs in.
    pub async fn open(
        addresses: &[SocketAddr],
        server: &ImapServer,
        tls: Arc<ClientConfig>,
        limit: Limit,
    ) -> Result<Self, Trouble> {
        let mut stream: Box<dyn Stream> = Box::new(connect(addresses, &server.host, &limit).await.map_err(Trouble::failed)?);
        if server.security == Security::Tls {
            let protected = protect(stream, &server.host, tls.clone(), &mut limit.at_most(STEP)).await;
            stream = Box::new(protected.map_err(Trouble::failed)?);
        }
        let mut dialogue = Self { stream, heard: Vec::new(), number: 0, limit };
        dialogue.greeting().await?;
        if server.security == Security::Starttls {
            dialogue = dialogue.upgraded(&server.host, tls).await?;
        }
        let login = format!("LOGIN {} {}", quoted(&server.username), quoted(server.password.reveal()));
        let ended = dialogue.ask(&login, "LOGIN", SMALL).await?;
        let passing = ended.condition.code.as_ref().is_some_and(|(code, _)| code == "UNAVAILABLE" || code == "INUSE");
        match ended.condition.word.as_str() {
            "OK" => Ok(dialogue),
            "NO" if !passing => Err(Trouble::Refused(format!("the server refuses the login: {}", ended.condition.text))),
            _ => Err(refused("LOGIN", &ended.condition)),
        }
    }

    async fn greeting(&mut self) -> Result<(), Trouble> {
        let mut limit = self.limit.at_most(STEP);
        match self.listen("the greeting", SMALL, &mut limit).await? {
            Said::Stands(condition) if condition.word == "OK" => Ok(()),
            // A login that nobody gave is not the account's.
            Said::Stands(condition) => Err(refused("the greeting", &condition)),
            _ => Err(Trouble::failed("the server's greeting is no IMAP")),
        }
    }

    async fn upgraded(mut self, host: &str, tls: Arc<ClientConfig>) -> Result<Self, Trouble> {
        let ended = self.ask("STARTTLS", "STARTTLS", SMALL).await?;
        if ended.condition.word != "OK" {
            return Err(Trouble::Refused(format!("the server offers no STARTTLS: {}", ended.condition.text)));
        }
        // Whatever came along unprotected could have been put there by anybody.
        if !self.heard.is_empty() {
            return Err(Trouble::failed("the server spoke out of turn at STARTTLS"));
        }
        let stream = protect(self.stream, host, tls, &mut self.limit.at_most(STEP)).await.map_err(Trouble::failed)?;
        Ok(Self { stream: Box::new(stream), ..self })
    }

    /// Opens a mailbox for reading only.
    pub async fn examine(&mut self, mailbox: &str) -> Result<Opened, Trouble> {
        let ended = self.ask(&format!("EXAMINE {}", quoted(mailbox)), "EXAMINE", SMALL).await?;
        match ended.condition.word.as_str() {
            "OK" => {}
            "NO" => return Err(Trouble::Refused(format!("the mailbox cannot be opened: {}", ended.condition.text))),
            _ => return Err(refused("EXAMINE", &ended.condition)),
        }
        let value = |wanted: &str| {
            ended.said.iter().find_map(|said| match said {
                Said::Stands(Condition { code: Some((name, value)), .. }) if name == wanted => value.parse::<u32>().ok(),
                _ => None,
            })
        };
        let found = value("UIDVALIDITY").zip(value("UIDNEXT"));
        let (validity, next) =
            found.ok_or_else(|| Trouble::Refused("the server numbers its mails in no lasting way".to_owned()))?;
        Ok(Opened { validity, next })
    }

    /// The mails with UIDs from the first to the last, and their sizes, by UID.
    pub async fn sizes(&mut self, first: u32, last: u32) -> Result<Vec<(u32, u64)>, Trouble> {
        let found = self.fetch(&format!("{first}:{last}"), "RFC822.SIZE", SMALL).await?;
        let sized = found.into_iter().filter_map(|fetched| fetched.uid.zip(fetched.size));
        let mut sizes: Vec<(u32, u64)> = sized.filter(|(uid, _)| (first..=last).contains(uid)).collect();
        sizes.sort_unstable();
        sizes.dedup_by_key(|(uid, _)| *uid);
        Ok(sizes)
    }

    /// A mail as it was sent; none when it is gone. Nobody has seen it by that. Sizes that servers tell are estimates: of one that is
    /// larger than it may be, one byte more than that comes.
    pub async fn mail(&mut self, uid: u32) -> Result<Option<Vec<u8>>, Trouble> {
        let most = LARGEST + 1;
        let found = self.fetch(&uid.to_string(), &format!("BODY.PEEK[]<0.{most}>"), most).await?;
        Ok(found.into_iter().filter(|fetched| fetched.uid == Some(uid)).find_map(|fetched| fetched.body))
    }

    async fn fetch(&mut self, uids: &str, what: &str, largest: usize) -> Result<Vec<Fetched>, Trouble> {
        let ended = self.ask(&format!("UID FETCH {uids} (UID {what})"), "FETCH", largest).await?;
        if ended.condition.word != "OK" {
            return Err(refused("FETCH", &ended.condition));
        }
        let fetched = |said| if let Said::Fetched(fetched) = said { Some(fetched) } else { None };
        Ok(ended.said.into_iter().filter_map(fetched).collect())
    }

    /// Takes leave without waiting for an answer.
    pub async fn leave(mut self) {
        let line = format!("{} LOGOUT\r\n", self.tag());
        let mut limit = self.limit.at_most(STEP);
        if self.say(&line, "LOGOUT", &mut limit).await.is_ok() {
            let _ = limit.within(self.stream.shutdown()).await;
        }
    }

    fn tag(&mut self) -> String {
        self.number += 1;
        format!("s{}", self.number)
    }

    /// Sends a command and hears its answer to the end. Its literals have at most that many bytes together.
    async fn ask(&mut self, command: &str, step: &str, largest: usize) -> Result<Ended, Trouble> {
        let tag = self.tag();
        let mut limit = self.limit.at_most(STEP);
        let told = self.say(&format!("{tag} {command}\r\n"), step, &mut limit).await;
        let (mut said, mut left) = (Vec::new(), largest);
        for _ in 0..RESPONSES {
            match self.listen(step, left, &mut limit).await {
                Ok(Said::Done { tag: named, condition }) if named == tag => return Ok(Ended { said, condition }),
                Ok(Said::Stands(condition)) if condition.word == "BYE" => return Err(refused(step, &condition)),
                Ok(one) => {
                    if let Said::Fetched(Fetched { body: Some(body), .. }) = &one {
                        left = left.saturating_sub(body.len());
                    }
                    said.push(one);
                }
                // What a server said before it hung up is still heard.
                Err(trouble) => return Err(told.err().unwrap_or(trouble)),
            }
        }
        Err(Trouble::failed(format!("the server does not come to an end at {step}")))
    }

    async fn say(&mut self, line: &str, step: &str, limit: &mut Limit) -> Result<(), Trouble> {
        let writing = async {
            self.stream.write_all(line.as_bytes()).await?;
            self.stream.flush().await
        };
        match limit.within(writing).await {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Trouble::failed(format!("the connection failed at {step}: {error}"))),
            None => Err(Trouble::failed(format!("the server took nothing in time at {step}"))),
        }
    }

    /// The next response.
    async fn listen(&mut self, step: &str, largest: usize, limit: &mut Limit) -> Result<Said, Trouble> {
        loop {
            match response::read(&self.heard, largest) {
                Heard::Whole(said, used) => {
                    self.heard.drain(..used);
                    return Ok(said);
                }
                Heard::TooLarge => {
                    return Err(Trouble::failed(format!("the server's answer at {step} is larger than it may be")));
                }
                Heard::Garbage => return Err(Trouble::failed(format!("the server's answer at {step} is no IMAP"))),
                Heard::Part => {}
            }
            match limit.within(self.stream.read_buf(&mut self.heard)).await {
                Some(Ok(0)) => return Err(Trouble::failed(format!("the server closed the connection at {step}"))),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Trouble::failed(format!("the connection failed at {step}: {error}"))),
                None => return Err(Trouble::failed(format!("the server did not answer in time at {step}"))),
            }
        }
    }
}

/// The server will not, in its own words. Whether it ever will, nobody knows.
fn refused(step: &str, condition: &Condition) -> Trouble {
    Trouble::failed(format!("the server says {} at {step}: {}", condition.word, condition.text))
}
