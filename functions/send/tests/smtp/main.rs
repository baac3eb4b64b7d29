//! Mail over SMTP, against a server that does what a test tells it. Nothing leaves the machine, and nobody waits: when the
//! server falls silent it says so, and patience ends.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first thing that is wrong")]

mod kept;
mod login;
mod message;
mod phases;
mod protection;

use kernel::{Clock, Email, Secret};
use net::http::Http;
use net::names::Reach;
use net::patience::Patience;
use providers::smtp::Smtp as Provider;
use providers::{Body, Call, Look, Reply, Security, Sending as _, SmtpCall, SmtpServer, Verdict};
use send::wire::Wire;
use send::wire::smtp::Smtp;

use stub::mail::{Script, Session, Stub};

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

/// A message for Ada, to that port of this machine, unprotected and without a login.
fn call(port: u16) -> SmtpCall {
    SmtpCall {
        server: SmtpServer { host: "127.0.0.1".to_owned(), port, security: Security::None, login: None },
        from: email("shop@example.com"),
        to: vec![email("ada@example.com")],
        raw: Body::bytes(b"Subject: hello\r\n\r\nHello, Ada.\r\n"),
    }
}

fn with_login(call: SmtpCall) -> SmtpCall {
    with_password(call, "hunter2")
}

fn with_password(call: SmtpCall, password: &str) -> SmtpCall {
    let login = Some(("shop".to_owned(), Secret::new(password)));
    SmtpCall { server: SmtpServer { login, ..call.server }, ..call }
}

/// What sends, with the patience that the server ends.
fn client(stub: &Stub) -> Smtp {
    Smtp::new(Reach::Anywhere).patience(Patience::Told(stub.silent.clone()))
}

fn wire(smtp: &Smtp) -> Wire {
    Wire::of(smtp.clone(), Http::new(Reach::Anywhere))
}

async fn carry(smtp: &Smtp, call: SmtpCall) -> Reply {
    wire(smtp).carry(&Call::Smtp(call), &Clock::System).await
}

/// One message to a server of one connection.
async fn one(script: Script, call: impl FnOnce(u16) -> SmtpCall) -> (Reply, Session) {
    let stub = Stub::start(vec![script]).await;
    let reply = carry(&client(&stub), call(stub.port)).await;
    (reply, stub.session(0))
}

fn accepted() -> Reply {
    Reply::Accepted { id: "queued as 1".to_owned() }
}

fn refused(status: u16, code: &str, text: &str) -> Reply {
    Reply::Refused { status, code: code.to_owned(), text: text.to_owned(), after: None }
}

fn unreached(text: &str) -> Reply {
    Reply::Unreached { text: text.to_owned() }
}

fn lost(text: &str) -> Reply {
    Reply::Lost { text: text.to_owned() }
}

/// What the provider makes of it, in one word.
fn meaning(reply: &Reply) -> &'static str {
    match Provider.verdict(reply) {
        Verdict::Sent { .. } => "sent",
        Verdict::Retry { .. } => "retry",
        Verdict::Limited { .. } => "limited",
        Verdict::Undeliverable { .. } => "undeliverable",
        Verdict::Rejected { .. } => "rejected",
        Verdict::Misconfigured { .. } => "misconfigured",
        Verdict::Unknown { .. } => "unknown",
    }
}
