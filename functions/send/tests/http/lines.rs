//! Where a name leads, TLS, and HTTP/2.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use net::names::Names;

use super::*;
use stub::Identity;

const HOST: &str = "api.example.com";

/// The names that each question is answered with, in turn.
fn names(answers: &[&[SocketAddr]]) -> Names {
    Names::Prepared(Arc::new(Mutex::new(answers.iter().map(|answer| answer.to_vec()).collect::<VecDeque<_>>())))
}

fn here(stub: &Stub) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], stub.port))
}

fn secured(http2: bool) -> HttpCall {
    HttpCall { url: Secret::new(format!("https://{HOST}/messages")), http2, ..call(0) }
}

async fn protected(script: Script, trusted: &Identity, call: HttpCall) -> (Reply, Stub) {
    let stub = Stub::start(vec![script]).await;
    let http = client(&stub).names(names(&[&[here(&stub)]])).trusting(trusted.client.clone());
    (carry(&http, call).await, stub)
}

#[tokio::test]
async fn requests_go_over_tls_to_a_server_that_proves_its_name() {
    let (good, other) = (Identity::of(HOST), Identity::of("other.example.com"));
    let (reply, stub) = protected(Script::of(&[fine()]).tls(&good, &["http/1.1"]), &good, secured(false)).await;
    assert_eq!((answered(reply).status, stub.asked()[0].header("host")), (200, Some(HOST)));

    for (shown, trusted) in [(&good, &other), (&other, &other)] {
        let (reply, stub) = protected(Script::of(&[fine()]).tls(shown, &[]), trusted, secured(false)).await;
        let text = unreached(reply);
        let start = "the connection to api.example.com could not be protected: invalid peer certificate";
        assert!(text.starts_with(start), "{text}");
        assert!(stub.asked().is_empty());
    }
}

#[tokio::test]
async fn the_protocol_is_the_one_that_the_call_wants() {
    let good = Identity::of(HOST);
    let two = Deed::Say(says("200 OK", "", "{\"id\":\"two\"}"));
    let (reply, stub) = protected(Script::of(&[two]).tls(&good, &["h2", "http/1.1"]), &good, secured(true)).await;
    let answer = answered(reply);
    assert_eq!((answer.status, answer.json()["id"].as_str()), (200, Some("two")));
    let [asked] = stub.asked().try_into().unwrap();
    assert_eq!((asked.line.as_str(), asked.body.as_slice()), ("POST /messages HTTP/2.0", BODY.as_bytes()));

    let (reply, stub) = protected(Script::of(&[fine()]).tls(&good, &["h2", "http/1.1"]), &good, secured(false)).await;
    assert_eq!((answered(reply).status, stub.asked()[0].line.as_str()), (200, "POST /messages"));

    let (reply, stub) = protected(Script::of(&[fine()]).tls(&good, &[]), &good, secured(true)).await;
    assert_eq!((unreached(reply).as_str(), stub.asked().len()), ("api.example.com speaks no HTTP/2", 0));
}

#[tokio::test]
async fn a_server_that_does_not_shake_hands_got_nothing() {
    let good = Identity::of(HOST);
    let (reply, _) = protected(Script { mute: true, ..Script::default() }, &good, secured(false)).await;
    let text = unreached(reply);
    assert!(text.starts_with("api.example.com"), "{text}");
    let (reply, _) = protected(Script::of(&[Deed::Say("HTTP/1.1 400 Plain\r\n\r\n".to_owned())]), &good, secured(false)).await;
    unreached(reply);
}

#[tokio::test]
async fn nobody_there_is_nothing_sent() {
    let closed = Stub::start(Vec::new()).await;
    tokio::task::yield_now().await;
    let text = unreached(carry(&client(&closed), call(closed.port)).await);
    assert!(text.starts_with("127.0.0.1 could not be connected to: "), "{text}");
    let unknown = client(&closed).names(names(&[]));
    assert_eq!(unreached(carry(&unknown, secured(false)).await), "api.example.com was not found");
}

#[tokio::test]
async fn a_function_speaks_to_public_addresses_only() {
    let public: SocketAddr = "192.0.2.1:443".parse().unwrap();
    let stub = Stub::start(vec![Script::of(&[fine()])]).await;
    for found in [&[here(&stub)][..], &[public, here(&stub)]] {
        let http = Http::new(Reach::Outward).names(names(&[found]));
        assert_eq!(unreached(carry(&http, secured(false)).await), "api.example.com is not a public address");
    }
    // Addresses that are numbers are judged like names.
    let outward = Http::new(Reach::Outward);
    for host in ["127.0.0.1", "169.254.169.254", "[::1]", "10.0.0.1", "0.0.0.0"] {
        let url = Secret::new(format!("https://{host}:{}/", stub.port));
        let text = unreached(carry(&outward, HttpCall { url, ..call(0) }).await);
        assert!(text.ends_with("is not a public address"), "{text}");
    }
    // Without TLS nothing leaves a function at all.
    assert!(matches!(carry(&outward, call(stub.port)).await, Reply::Refused { status: 413, .. }));
    assert_eq!(stub.connections(), 0);
}

/// Whoever owns a name may answer the second question differently from the first: there is no second one.
#[tokio::test]
async fn a_name_is_asked_for_once_for_each_connection() {
    let (good, stub) = (Identity::of(HOST), Stub::start(vec![Script::default().tls(&Identity::of("b.example"), &[])]).await);
    let answers = names(&[&[here(&stub)], &[]]);
    let http = client(&stub).names(answers.clone()).trusting(good.client.clone());
    unreached(carry(&http, secured(false)).await);
    let Names::Prepared(left) = &answers else { unreachable!("{answers:?}") };
    assert_eq!((left.lock().unwrap().len(), stub.connections()), (1, 1));
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_does_not_answer() {
    let (closed, stub) = (Stub::start(Vec::new()).await, Stub::start(vec![Script::of(&[fine()])]).await);
    tokio::task::yield_now().await;
    let http = client(&stub).names(names(&[&[here(&closed), here(&stub)]]));
    assert_eq!(answered(carry(&http, call(stub.port)).await).status, 200);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_for_good() {
    let stub = Stub::start(Vec::new()).await;
    for url in ["", "ftp://api.example.com/", "https://", "/messages", "https://api.example.com/a b"] {
        let reply = carry(&client(&stub), HttpCall { url: Secret::new(url), ..call(0) }).await;
        assert!(matches!(reply, Reply::Refused { status: 413, .. }), "{url}: {reply:?}");
    }
    let headers = vec![("x-note", "a\r\nx-evil: 1".to_owned())];
    assert!(matches!(carry(&client(&stub), HttpCall { headers, ..call(stub.port) }).await, Reply::Refused { .. }));
}
