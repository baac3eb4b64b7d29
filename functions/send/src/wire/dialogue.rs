//! One connection to an SMTP server, step by step, so that it is always known how far the message has come. Sources: RFC 5321
//! (protocol), RFC 3207 (STARTTLS), RFC 4954 and 4616 (login), RFC 6152 (8BITMIME), RFC 6531 (SMTPUTF8), RFC 1870 (SIZE).

use std::net::SocketAddr;
use std::sync::Arc;

use aws::Files;
use aws::files::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use kernel::{Email, Secret};
use net::patience::Limit;
use net::pieces;
use net::socket::{Stream, connect, protect};
use providers::{Body, Security, SmtpCall, SmtpServer};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::answer::{self, Answer, Heard};
use super::lines::{self, Lines};

/// Why the server did not take the message. What became of it is certain in the first two cases.
#[derive(Debug)]
pub enum Failure {
    /// It said no.
    Refused(Answer),
    /// A stored file could not be read: the line that ends the message was never on its way.
    Unread(String),
    /// The exchange broke off before the line that ends the message was on its way: RFC 5321 lets a server take nothing then.
    Unreached(String),
    /// It broke off after that: nobody knows.
    Lost(String),
}

type Done<T> = Result<T, Failure>;

/// See the file's head.
pub struct Dialogue {
    stream: Box<dyn Stream>,
    heard: Vec<u8>,
    extensions: Vec<String>,
    limit: Limit,
}

impl Dialogue {
    /// Connects to the first of the addresses that answers, protects the connection as it should be, and logs in.
    pub async fn open(addresses: &[SocketAddr], server: &SmtpServer, tls: Arc<ClientConfig>, limit: Limit) -> Done<Self> {
        let socket = connect(addresses, &server.host, &limit).await.map_err(Failure::Unreached)?;
        let own = socket.local_addr().map_or_else(|_| "[127.0.0.1]".to_owned(), literal);
        let mut dialogue = Self::on(Box::new(socket), limit);
        if server.security == Security::Tls {
            dialogue = dialogue.protected(&server.host, tls.clone()).await?;
        }
        dialogue.greeting().await?;
        dialogue.hello(&own).await?;
        if server.security == Security::Starttls {
            dialogue = dialogue.upgraded(&server.host, tls).await?;
            dialogue.hello(&own).await?;
        }
        if let Some((name, password)) = &server.login {
            dialogue.log_in(name, password).await?;
        }
        Ok(dialogue)
    }

    fn on(stream: Box<dyn Stream>, limit: Limit) -> Self {
        Self { stream, heard: Vec::new(), extensions: Vec::new(), limit }
    }

    async fn upgraded(mut self, host: &str, tls: Arc<ClientConfig>) -> Done<Self> {
        if self.extension("STARTTLS").is_none() {
            return Err(lacking("the server offers no STARTTLS"));
        }
        self.ask("STARTTLS", "STARTTLS", &[220]).await?;
        // Whatever came along unprotected could have been put there by anybody.
        self.nothing_heard("STARTTLS")?;
        self.protected(host, tls).await
    }

    async fn protected(mut self, host: &str, tls: Arc<ClientConfig>) -> Done<Self> {
        let stream = protect(self.stream, host, tls, &mut self.limit).await.map_err(Failure::Unreached)?;
        Ok(Self::on(Box::new(stream), self.limit))
    }

    async fn greeting(&mut self) -> Done<()> {
        let (said, _) = self.listen("the greeting").await.map_err(Failure::Unreached)?;
        expect(said, "the greeting", &[220]).map(|_| ())
    }

    async fn hello(&mut self, own: &str) -> Done<()> {
        self.extensions.clear();
        self.nothing_heard("EHLO")?;
        let (said, bytes) = self.exchange(format!("EHLO {own}\r\n").as_bytes(), "EHLO").await.map_err(Failure::Unreached)?;
        if matches!(said.status, 500 | 502 | 504) {
            return self.ask(&format!("HELO {own}"), "HELO", &[250]).await.map(|_| ());
        }
        expect(said, "EHLO", &[250])?;
        self.extensions = answer::keywords(&bytes);
        Ok(())
    }

    /// What follows the keyword of an extension that the server offers.
    fn extension(&self, keyword: &str) -> Option<&str> {
        self.extensions.iter().find_map(|line| match line.strip_prefix(keyword)? {
            "" => Some(""),
            rest => rest.strip_prefix([' ', '=']),
        })
    }

    async fn log_in(&mut self, name: &str, password: &Secret) -> Done<()> {
        let offered = self.extension("AUTH").unwrap_or_default().to_owned();
        let offers = |mechanism: &str| offered.split_whitespace().any(|word| word == mechanism);
        if offers("PLAIN") {
            let proof = STANDARD.encode(format!("\0{name}\0{}", password.reveal()));
            let said = self.ask(&format!("AUTH PLAIN {proof}"), "AUTH", &[235, 334]).await?;
            // A server that knows no initial response asks for it.
            if said.status == 334 {
                self.ask(&proof, "AUTH", &[235]).await?;
            }
        } else if offers("LOGIN") {
            self.ask("AUTH LOGIN", "AUTH", &[334]).await?;
            self.ask(&STANDARD.encode(name), "AUTH", &[334]).await?;
            self.ask(&STANDARD.encode(password.reveal()), "AUTH", &[235]).await?;
        } else {
            return Err(lacking("the server offers no login by PLAIN or LOGIN"));
        }
        Ok(())
    }

    /// Hands the message over. One refused recipient refuses it for all, before its first byte: nobody gets it.
    pub async fn submit(&mut self, call: &SmtpCall, files: &Files) -> Done<Answer> {
        let wants = self.wants(&call.raw)?;
        self.ask(&format!("MAIL FROM:<{}>{wants}", call.from), "MAIL", &[250]).await?;
        for (index, to) in call.to.iter().enumerate() {
            self.recipient(to).await.map_err(|failure| numbered(failure, index, call.to.len()))?;
        }
        self.ask("DATA", "DATA", &[354]).await?;
        self.body(pieces::read(files, &call.raw)).await?;
        self.hand_over().await
    }

    async fn recipient(&mut self, to: &Email) -> Done<Answer> {
        self.ask(&format!("RCPT TO:<{to}>"), "RCPT", &[250, 251, 252]).await
    }

    /// The message, a part at a time. One that cannot be read to its end is left without the line that would end it.
    async fn body(&mut self, mut parts: Parts) -> Done<()> {
        let step = "the message";
        self.nothing_heard(step)?;
        let mut lines = Lines::default();
        while let Some(part) = parts.next().await {
            self.write(&lines.part(&part.map_err(Failure::Unread)?), step).await?;
        }
        self.write(lines.end(), step).await
    }

    async fn write(&mut self, bytes: &[u8], step: &str) -> Done<()> {
        let Err(why) = self.say(bytes, step).await else { return Ok(()) };
        // A server may refuse a message that it has not heard to its end, and hang up.
        match self.listen(step).await {
            Ok((said, _)) if said.is_refusal() => Err(Failure::Refused(said)),
            Ok(_) | Err(_) => Err(Failure::Unreached(why)),
        }
    }

    /// The line that ends the message, and the answer to it. From its first byte on the server may have taken the message.
    async fn hand_over(&mut self) -> Done<Answer> {
        let step = "the end of the message";
        let (said, _) = self.exchange(b".\r\n", step).await.map_err(Failure::Lost)?;
        match said.status {
            200..300 => Ok(said),
            400..600 => Err(Failure::Refused(said)),
            status => Err(Failure::Lost(format!("the server answered {status} at {step}"))),
        }
    }

    /// The parameters of `MAIL` for what the message needs.
    fn wants(&self, raw: &Body) -> Done<String> {
        let mut wants = String::new();
        if self.extension("SIZE").is_some() {
            wants = format!(" SIZE={}", raw.len());
        }
        if !lines::is_ascii(raw) {
            if self.extension("8BITMIME").is_none() {
                return Err(own(554, "5.6.3", "the server takes no 8-bit content"));
            }
            wants.push_str(" BODY=8BITMIME");
        }
        if !lines::head_is_ascii(raw) {
            if self.extension("SMTPUTF8").is_none() {
                return Err(own(554, "5.6.7", "the server takes no headers in UTF-8"));
            }
            wants.push_str(" SMTPUTF8");
        }
        Ok(wants)
    }

    /// Whether the server still listens, and has forgotten whatever was begun. From here on the exchange has this limit.
    pub async fn reset(&mut self, limit: Limit) -> bool {
        self.limit = limit;
        self.heard.is_empty() && self.ask("RSET", "RSET", &[250]).await.is_ok()
    }

    /// Gives the next exchange its limit.
    pub fn resume(&mut self, limit: Limit) {
        self.limit = limit;
    }

    /// Whether the exchange's patience has ended.
    pub fn is_over(&self) -> bool {
        self.limit.is_over()
    }

    /// Takes leave without waiting for an answer.
    pub async fn leave(mut self, limit: Limit) {
        self.limit = limit;
        if self.say(b"QUIT\r\n", "QUIT").await.is_ok() {
            let _ = self.limit.within(self.stream.shutdown()).await;
        }
    }

    /// Sends a command and wants one of those answers.
    async fn ask(&mut self, command: &str, step: &str, wanted: &[u16]) -> Done<Answer> {
        self.nothing_heard(step)?;
        let (said, _) = self.exchange(format!("{command}\r\n").as_bytes(), step).await.map_err(Failure::Unreached)?;
        expect(said, step, wanted)
    }

    /// An answer to nothing would be taken for the answer to what comes next. A server may say that it closes, though.
    fn nothing_heard(&self, step: &str) -> Done<()> {
        match answer::read(&self.heard) {
            Heard::Whole(said, _) if said.is_refusal() => Err(Failure::Refused(said)),
            _ if self.heard.is_empty() => Ok(()),
            _ => Err(Failure::Unreached(format!("the server spoke out of turn at {step}"))),
        }
    }

    /// Sends, and hears the next answer and its bytes. What a server said before it hung up is still heard.
    async fn exchange(&mut self, bytes: &[u8], step: &str) -> Result<(Answer, Vec<u8>), String> {
        let said = self.say(bytes, step).await;
        let heard = self.listen(step).await;
        heard.map_err(|why| said.err().unwrap_or(why))
    }

    async fn say(&mut self, bytes: &[u8], step: &str) -> Result<(), String> {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match self.limit.within(writing).await {
            Some(written) => written.map_err(|error| format!("the connection failed at {step}: {error}")),
            None => Err(format!("the server took nothing in time at {step}")),
        }
    }

    /// The next answer, and its bytes.
    async fn listen(&mut self, step: &str) -> Result<(Answer, Vec<u8>), String> {
        loop {
            match answer::read(&self.heard) {
                Heard::Whole(answer, used) => {
                    let rest = self.heard.split_off(used);
                    return Ok((answer, std::mem::replace(&mut self.heard, rest)));
                }
                Heard::Garbage => return Err(format!("the server's answer at {step} is no SMTP")),
                Heard::Part => {}
            }
            match self.limit.within(self.stream.read_buf(&mut self.heard)).await {
                Some(Ok(0)) => return Err(format!("the server closed the connection at {step}")),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(format!("the connection failed at {step}: {error}")),
                None => return Err(format!("the server did not answer in time at {step}")),
            }
        }
    }
}

/// Sorts an answer by whether it is one that was hoped for.
fn expect(said: Answer, step: &str, wanted: &[u16]) -> Done<Answer> {
    if wanted.contains(&said.status) {
        return Ok(said);
    }
    if said.is_refusal() {
        return Err(Failure::Refused(said));
    }
    Err(Failure::Unreached(format!("the server answered {} at {step}", said.status)))
}

/// A refusal of ours on the server's behalf, in its own terms.
fn own(status: u16, code: &str, text: &str) -> Failure {
    Failure::Refused(Answer { status, code: code.to_owned(), text: text.to_owned() })
}

/// The server does not offer what the account is set to.
fn lacking(text: &str) -> Failure {
    own(502, "5.5.1", text)
}

/// Says which of several recipients was refused.
fn numbered(failure: Failure, index: usize, all: usize) -> Failure {
    match failure {
        Failure::Refused(said) if all > 1 => {
            let text = format!("recipient {} of {all}: {}", index + 1, said.text);
            Failure::Refused(Answer { text, ..said })
        }
        failure @ (Failure::Refused(_) | Failure::Unread(_) | Failure::Unreached(_) | Failure::Lost(_)) => failure,
    }
}

/// This end's name: it has none, so the address (RFC 5321 section 4.1.3).
fn literal(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => format!("[{}]", address.ip()),
        SocketAddr::V6(address) => format!("[IPv6:{}]", address.ip()),
    }
}
