//! Web requests, against a server on this machine that follows a script. Nothing here waits for time to pass: the server ends the
//! client's patience itself when it falls silent.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first thing that is wrong")]

mod answers;
mod cloud;
mod downloads;
mod lines;
mod logins;
mod tokens;

use kernel::{Clock, Secret, Time};
use net::http::Http;
use net::names::Reach;
use net::patience::Patience;
use providers::{Body, Call, HttpCall, HttpReply, Login, Method, Reply};
use send::wire::Wire;
use send::wire::smtp::Smtp;

use stub::web::{Deed, Script, Stub, says};

const BODY: &str = "{\"hello\":\"Ada\"}";

fn now() -> Time {
    Time::parse("2026-03-01T09:30:00Z").unwrap()
}

/// A request to that port of this machine, unprotected and without a login.
fn call(port: u16) -> HttpCall {
    HttpCall {
        method: Method::Post,
        url: Secret::new(format!("http://127.0.0.1:{port}/messages?a=b")),
        headers: vec![("content-type", "application/json".to_owned())],
        login: Login::None,
        body: Body::bytes(BODY),
        http2: false,
    }
}

/// What sends, with the patience that the server ends.
fn client(stub: &Stub) -> Http {
    Http::new(Reach::Anywhere).patience(Patience::Told(stub.silent.clone()))
}

fn wire(http: Http) -> Wire {
    Wire::of(Smtp::new(Reach::Anywhere), http)
}

async fn carry(http: &Http, call: HttpCall) -> Reply {
    wire(http.clone()).carry(&Call::Http(call), &Clock::manual(now())).await
}

/// One request to a server of one connection.
async fn one(deed: Deed, call: impl FnOnce(u16) -> HttpCall) -> (Reply, Stub) {
    let stub = Stub::start(vec![Script::of(&[deed])]).await;
    let reply = carry(&client(&stub), call(stub.port)).await;
    (reply, stub)
}

fn fine() -> Deed {
    Deed::Say(says("200 OK", "", "{\"id\":\"1\"}"))
}

fn answered(reply: Reply) -> HttpReply {
    let Reply::Answered(answer) = reply else { unreachable!("{reply:?}") };
    answer
}

fn unreached(reply: Reply) -> String {
    let Reply::Unreached { text } = reply else { unreachable!("{reply:?}") };
    text
}

fn lost(reply: Reply) -> String {
    let Reply::Lost { text } = reply else { unreachable!("{reply:?}") };
    text
}
