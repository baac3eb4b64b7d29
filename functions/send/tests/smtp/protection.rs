//! TLS, and where a name leads.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use net::names::Names;

use super::*;
use stub::Identity;
use stub::mail::At::Starttls;
use stub::mail::Deed::{HangUp, Say, Silence};

const HOST: &str = "mail.example.com";

/// The names that each question is answered with, in turn.
fn names(answers: &[&[SocketAddr]]) -> Names {
    Names::Prepared(Arc::new(Mutex::new(answers.iter().map(|answer| answer.to_vec()).collect::<VecDeque<_>>())))
}

fn here(stub: &Stub) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], stub.port))
}

fn secured(security: Security, port: u16) -> SmtpCall {
    let call = with_login(call(port));
    SmtpCall { server: SmtpServer { host: HOST.to_owned(), security, ..call.server }, ..call }
}

async fn protected(security: Security, script: Script, trusted: &Identity) -> (Reply, Session) {
    let stub = Stub::start(vec![script]).await;
    let smtp = client(&stub).names(names(&[&[here(&stub)]])).trusting(trusted.client.clone());
    let reply = carry(&smtp, secured(security, stub.port)).await;
    (reply, stub.session(0))
}

#[tokio::test]
async fn the_login_and_the_message_go_over_tls() {
    let identity = Identity::of(HOST);
    let (reply, session) = protected(Security::Tls, Script::good().tls(&identity), &identity).await;
    assert_eq!((reply, session.protected, session.messages.len()), (accepted(), true, 1));

    let (reply, session) = protected(Security::Starttls, Script::good().starttls(&identity), &identity).await;
    assert_eq!((reply, session.protected, session.messages.len()), (accepted(), true, 1));
    let order: Vec<&str> = session.commands.iter().filter_map(|command| command.split(' ').next()).collect();
    assert_eq!(order, ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"]);
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing() {
    let (reply, session) = protected(Security::Starttls, Script::good(), &Identity::of(HOST)).await;
    assert_eq!(reply, refused(502, "5.5.1", "the server offers no STARTTLS"));
    assert_eq!((meaning(&reply), session.commands), ("misconfigured", vec!["EHLO [127.0.0.1]".to_owned()]));
}

#[tokio::test]
async fn a_server_that_cannot_start_tls_now() {
    let identity = Identity::of(HOST);
    for (deed, expected, word) in [
        (Say("454 4.7.0 not now\r\n"), refused(454, "4.7.0", "not now"), "limited"),
        (HangUp, unreached("the server closed the connection at STARTTLS"), "retry"),
        (Silence, unreached("the server did not answer in time at STARTTLS"), "retry"),
    ] {
        let script = Script::good().starttls(&identity).at(Starttls, deed);
        let (reply, session) = protected(Security::Starttls, script, &identity).await;
        assert_eq!((&reply, meaning(&reply)), (&expected, word));
        assert_eq!(session.commands.len(), 2);
    }
}

#[tokio::test]
async fn what_was_said_before_tls_is_not_believed_after_it() {
    let identity = Identity::of(HOST);
    let script = Script::good().starttls(&identity).at(Starttls, Say("220 go on\r\n250-evil.example\r\n250 AUTH PLAIN\r\n"));
    let (reply, session) = protected(Security::Starttls, script, &identity).await;
    assert_eq!(reply, unreached("the server spoke out of turn at STARTTLS"));
    assert_eq!((meaning(&reply), session.commands.len()), ("retry", 2));
}

#[tokio::test]
async fn a_certificate_must_be_for_the_host_and_from_somebody_trusted() {
    let (good, other) = (Identity::of(HOST), Identity::of("other.example.com"));
    for (shown, trusted) in [(&good, &other), (&other, &other)] {
        for (security, script) in
            [(Security::Tls, Script::good().tls(shown)), (Security::Starttls, Script::good().starttls(shown))]
        {
            let (reply, session) = protected(security, script, trusted).await;
            let Reply::Unreached { text } = &reply else { unreachable!("{reply:?}") };
            let start = "the connection to mail.example.com could not be protected: invalid peer certificate";
            assert!(text.starts_with(start), "{text}");
            assert_eq!(meaning(&reply), "retry");
            assert!(!session.commands.iter().any(|command| command.starts_with("AUTH")));
        }
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_where_tls_is_wanted() {
    let (reply, session) = protected(Security::Tls, Script::good(), &Identity::of(HOST)).await;
    let Reply::Unreached { text } = &reply else { unreachable!("{reply:?}") };
    assert!(text.starts_with("the connection to mail.example.com could not be protected: "), "{text}");
    assert!(!session.protected);
}

#[tokio::test]
async fn a_function_speaks_to_public_addresses_only() {
    let public: SocketAddr = "192.0.2.1:25".parse().unwrap();
    let stub = Stub::start(vec![Script::good()]).await;
    for found in [&[here(&stub)][..], &[public, here(&stub)]] {
        let smtp = Smtp::new(Reach::Outward).patience(Patience::Told(stub.silent.clone())).names(names(&[found]));
        let reply = carry(&smtp, secured(Security::Tls, stub.port)).await;
        assert_eq!(reply, unreached("mail.example.com is not a public address"));
        assert_eq!(meaning(&reply), "retry");
    }
    assert_eq!(stub.connections(), 0);
}

/// Whoever owns a name may answer the second question differently from the first: there is no second one.
#[tokio::test]
async fn a_name_is_asked_for_once_for_each_connection() {
    let (identity, stub) = (Identity::of(HOST), Stub::start(vec![Script::good().tls(&Identity::of("other.example"))]).await);
    let answers = names(&[&[here(&stub)], &[]]);
    let smtp = client(&stub).names(answers.clone()).trusting(identity.client.clone());
    carry(&smtp, secured(Security::Tls, stub.port)).await;
    let Names::Prepared(left) = &answers else { unreachable!("{answers:?}") };
    assert_eq!((left.lock().unwrap().len(), stub.connections()), (1, 1));
    assert_eq!(carry(&smtp, secured(Security::Tls, stub.port)).await, unreached("mail.example.com was not found"));
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_does_not_answer() {
    let (closed, stub) = (Stub::start(Vec::new()).await, Stub::start(vec![Script::good()]).await);
    tokio::task::yield_now().await;
    let smtp = client(&stub).names(names(&[&[here(&closed), here(&stub)]]));
    assert_eq!(carry(&smtp, call(stub.port)).await, accepted());
}

#[tokio::test]
async fn a_handshake_that_breaks_off() {
    // Offers it, says yes, and hangs up.
    let script = Script::good().offering(&["STARTTLS"]);
    let (reply, session) = protected(Security::Starttls, script, &Identity::of(HOST)).await;
    let Reply::Unreached { text } = &reply else { unreachable!("{reply:?}") };
    assert!(text.starts_with("the connection to mail.example.com could not be protected: "), "{text}");
    assert_eq!((meaning(&reply), session.commands.len()), ("retry", 2));
}
