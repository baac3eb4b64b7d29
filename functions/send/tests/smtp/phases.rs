//! How far the exchange had come decides what became of the message.

use super::*;
use stub::mail::At::{Body, Data, Dot, Ehlo, Greeting, Mail, Rcpt};
use stub::mail::Deed::{HangUp, Say, SayAndHangUp, Silence};
use stub::mail::{At, Deed};

async fn story(at: At, deed: Deed, expected: Reply, word: &str) {
    let (reply, _) = one(Script::good().at(at, deed), call).await;
    assert_eq!(reply, expected, "{at:?} {deed:?}");
    assert_eq!(meaning(&reply), word, "{at:?} {deed:?}");
}

#[tokio::test]
async fn a_server_that_takes_it() {
    let (reply, session) = one(Script::good(), call).await;
    assert_eq!((&reply, meaning(&reply)), (&accepted(), "sent"));
    let commands = ["EHLO [127.0.0.1]", "MAIL FROM:<shop@example.com> SIZE=31", "RCPT TO:<ada@example.com>", "DATA"];
    assert_eq!(session.commands, commands);
    assert_eq!(session.messages, [call(0).raw.whole().unwrap()]);
}

#[tokio::test]
async fn a_server_that_says_no() {
    for (at, said, expected, word) in [
        (Greeting, "554 no mail here\r\n", refused(554, "", "no mail here"), "rejected"),
        (Greeting, "421 4.3.2 shutting down\r\n", refused(421, "4.3.2", "shutting down"), "limited"),
        (Ehlo, "550 5.7.1 not you\r\n", refused(550, "5.7.1", "not you"), "rejected"),
        (Mail, "550 5.1.8 bad sender\r\n", refused(550, "5.1.8", "bad sender"), "misconfigured"),
        (Mail, "451 4.3.0 trouble\r\n", refused(451, "4.3.0", "trouble"), "retry"),
        (Mail, "421 4.3.2 shutting down\r\n", refused(421, "4.3.2", "shutting down"), "limited"),
        (Rcpt(0), "550 5.1.1 no such user\r\n", refused(550, "5.1.1", "no such user"), "undeliverable"),
        (Rcpt(0), "450 4.2.1 busy mailbox\r\n", refused(450, "4.2.1", "busy mailbox"), "retry"),
        (Rcpt(0), "571 5.1.1 gone\r\n", refused(571, "5.1.1", "gone"), "undeliverable"),
        (
            Rcpt(0),
            "550 5.1.1 unbekannter Empf\u{e4}nger\r\n",
            refused(550, "5.1.1", "unbekannter Empf\u{fffd}nger"),
            "undeliverable",
        ),
        (Data, "554 5.5.1 no valid recipients\r\n", refused(554, "5.5.1", "no valid recipients"), "misconfigured"),
        (Dot, "452 4.3.1 disk full\r\n", refused(452, "4.3.1", "disk full"), "retry"),
        (Dot, "554 5.7.1 spam\r\n", refused(554, "5.7.1", "spam"), "rejected"),
        (Dot, "421 4.3.2 shutting down\r\n", refused(421, "4.3.2", "shutting down"), "limited"),
        (Dot, "554-5.6.0 this is\r\n554 5.6.0 not mail\r\n", refused(554, "5.6.0", "this is not mail"), "rejected"),
    ] {
        story(at, Say(said), expected.clone(), word).await;
        story(at, SayAndHangUp(said), expected, word).await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_up() {
    for (at, expected) in [
        (Greeting, unreached("the server closed the connection at the greeting")),
        (Ehlo, unreached("the server closed the connection at EHLO")),
        (Mail, unreached("the server closed the connection at MAIL")),
        (Rcpt(0), unreached("the server closed the connection at RCPT")),
        (Data, unreached("the server closed the connection at DATA")),
    ] {
        story(at, HangUp, expected, "retry").await;
    }
    // The answer to a message that was handed over whole is what nobody will ever know.
    story(Dot, HangUp, lost("the server closed the connection at the end of the message"), "unknown").await;
    story(Dot, SayAndHangUp("250-2.0.0 que"), lost("the server closed the connection at the end of the message"), "unknown")
        .await;
}

#[tokio::test]
async fn a_server_that_falls_silent() {
    for (at, expected) in [
        (Greeting, unreached("the server did not answer in time at the greeting")),
        (Ehlo, unreached("the server did not answer in time at EHLO")),
        (Mail, unreached("the server did not answer in time at MAIL")),
        (Rcpt(0), unreached("the server did not answer in time at RCPT")),
        (Data, unreached("the server did not answer in time at DATA")),
    ] {
        story(at, Silence, expected, "retry").await;
    }
    story(Dot, Silence, lost("the server did not answer in time at the end of the message"), "unknown").await;
}

#[tokio::test]
async fn a_server_that_speaks_nonsense() {
    for (at, step) in [(Greeting, "the greeting"), (Ehlo, "EHLO"), (Mail, "MAIL"), (Rcpt(0), "RCPT"), (Data, "DATA")] {
        let expected = unreached(&format!("the server's answer at {step} is no SMTP"));
        story(at, Say("HTTP/1.1 400 Bad Request\r\n"), expected, "retry").await;
    }
    let end = "the end of the message";
    story(Dot, Say("?\r\n"), lost(&format!("the server's answer at {end} is no SMTP")), "unknown").await;
    // Positive, but to another question.
    story(Mail, Say("354 go on\r\n"), unreached("the server answered 354 at MAIL"), "retry").await;
    story(Data, Say("250 ok\r\n"), unreached("the server answered 250 at DATA"), "retry").await;
    story(Dot, Say("354 go on\r\n"), lost(&format!("the server answered 354 at {end}")), "unknown").await;
    // One answer too many would be taken for the next one, and at last for the one to the message.
    story(Mail, Say("250 ok\r\n250 ok\r\n"), unreached("the server spoke out of turn at RCPT"), "retry").await;
    story(Mail, Say("250 ok\r\n421 4.3.2 bye\r\n"), refused(421, "4.3.2", "bye"), "limited").await;
}

#[tokio::test]
async fn answers_of_several_lines() {
    let script = Script::good()
        .at(Greeting, Say("220-hello\r\n220-this is\r\n220 a stub\r\n"))
        .at(Mail, Say("250-2.1.0 one\r\n250 2.1.0 two\r\n"))
        .at(Dot, Say("250-2.0.0 queued\r\n250 2.0.0 as 1\r\n"));
    assert_eq!(one(script, call).await.0, accepted());
}

#[tokio::test]
async fn a_server_of_the_old_kind() {
    let (reply, session) = one(Script::good().at(Ehlo, Say("502 5.5.1 what\r\n")), call).await;
    assert_eq!(reply, accepted());
    assert_eq!(session.commands[1..3], ["HELO [127.0.0.1]", "MAIL FROM:<shop@example.com>"]);
}

/// Too large to leave the client while the server does not read.
fn large(port: u16) -> SmtpCall {
    let raw = format!("Subject: large\r\n\r\n{}", "0123456789\r\n".repeat(1_500_000));
    SmtpCall { raw: providers::Body::bytes(raw), ..call(port) }
}

#[tokio::test]
async fn the_middle_of_a_message_was_not_its_end() {
    let (reply, session) = one(Script::good().at(Body, HangUp), large).await;
    let Reply::Unreached { text } = &reply else { unreachable!("{reply:?}") };
    assert!(text.starts_with("the connection failed at the message: "), "{text}");
    assert_eq!((meaning(&reply), session.messages.len()), ("retry", 0));

    let (reply, _) = one(Script::good().at(Body, Silence), large).await;
    assert_eq!(reply, unreached("the server took nothing in time at the message"));
    assert_eq!(meaning(&reply), "retry");
}

#[tokio::test]
async fn a_refusal_in_the_middle_of_a_message_is_heard() {
    let (reply, _) = one(Script::good().at(Body, SayAndHangUp("552 5.3.4 too large\r\n")), large).await;
    assert_eq!((&reply, meaning(&reply)), (&refused(552, "5.3.4", "too large"), "rejected"));
}

#[tokio::test]
async fn nobody_there() {
    let stub = Stub::start(Vec::new()).await;
    tokio::task::yield_now().await;
    let reply = carry(&client(&stub), call(stub.port)).await;
    let Reply::Unreached { text } = &reply else { unreachable!("{reply:?}") };
    assert!(text.starts_with("127.0.0.1 could not be connected to: "), "{text}");
    assert_eq!(meaning(&reply), "retry");
}

#[tokio::test]
async fn one_refused_recipient_refuses_the_message_for_all() {
    let several =
        |port| SmtpCall { to: ["ada", "ben", "cy"].map(|name| email(&format!("{name}@example.com"))).to_vec(), ..call(port) };
    for (at, said, expected, word) in [
        (Rcpt(0), "550 5.1.1 no such user\r\n", refused(550, "5.1.1", "recipient 1 of 3: no such user"), "undeliverable"),
        (Rcpt(1), "550 5.1.1 no such user\r\n", refused(550, "5.1.1", "recipient 2 of 3: no such user"), "undeliverable"),
        (Rcpt(2), "450 4.2.1 busy\r\n", refused(450, "4.2.1", "recipient 3 of 3: busy"), "retry"),
    ] {
        let (reply, session) = one(Script::good().at(at, Say(said)), several).await;
        assert_eq!((&reply, meaning(&reply)), (&expected, word));
        assert!(!session.commands.contains(&"DATA".to_owned()) && session.messages.is_empty(), "{session:?}");
        assert_eq!(session.commands.last().unwrap(), "RSET");
    }
    let (reply, session) = one(Script::good(), several).await;
    assert_eq!(reply, accepted());
    let to = ["RCPT TO:<ada@example.com>", "RCPT TO:<ben@example.com>", "RCPT TO:<cy@example.com>"];
    assert_eq!(session.commands[2..5], to);
}
