//! What is on the wire is the message, whatever is in it.

use providers::Setup;

use super::*;
use stub::mail::At::Mail;
use stub::mail::Deed::Say;

fn with(raw: &'static [u8]) -> impl FnOnce(u16) -> SmtpCall {
    move |port| SmtpCall { raw: Body::bytes(raw), ..call(port) }
}

#[tokio::test]
async fn no_line_in_a_message_ends_it() {
    let raw = b"Subject: dots\r\n\r\n.\r\n.one\r\n..two\r\nx.\r\n\n.\n\r.\rend";
    let (reply, session) = one(Script::good(), with(raw)).await;
    assert_eq!(reply, accepted());
    let wire = b"Subject: dots\r\n\r\n..\r\n..one\r\n...two\r\nx.\r\n\r\n..\r\n\r\n..\r\nend\r\n";
    assert_eq!(String::from_utf8_lossy(&session.messages[0]), String::from_utf8_lossy(wire));
    // The size is announced before the message is read, and without the dots that are doubled (RFC 1870 section 5).
    assert_eq!(session.commands[1], format!("MAIL FROM:<shop@example.com> SIZE={}", raw.len()));
}

#[tokio::test]
async fn a_message_asks_for_what_it_needs_and_no_more() {
    let bodies: [(&[u8], &str); 3] = [
        (b"Subject: plain\r\n\r\nplain", ""),
        ("Subject: plain\r\n\r\ngrüße".as_bytes(), " BODY=8BITMIME"),
        ("Subject: grüße\r\n\r\nplain".as_bytes(), " BODY=8BITMIME SMTPUTF8"),
    ];
    for (raw, wants) in bodies {
        let script = Script::good().offering(&["8BITMIME", "SMTPUTF8"]);
        let (reply, session) = one(script, |port| SmtpCall { raw: Body::bytes(raw), ..call(port) }).await;
        assert_eq!(reply, accepted());
        assert_eq!(session.commands[1], format!("MAIL FROM:<shop@example.com>{wants}"));
        assert_eq!(session.messages[0], [raw, b"\r\n"].concat());
    }
}

#[tokio::test]
async fn what_a_server_cannot_take_is_not_given_to_it() {
    let (reply, session) = one(Script::good().offering(&[]), with("Subject: plain\r\n\r\ngrüße".as_bytes())).await;
    assert_eq!((&reply, meaning(&reply)), (&refused(554, "5.6.3", "the server takes no 8-bit content"), "rejected"));
    assert_eq!(session.commands[1..], ["RSET"]);
    let (reply, _) = one(Script::good().offering(&["8BITMIME"]), with("Subject: grüße\r\n\r\n".as_bytes())).await;
    assert_eq!((&reply, meaning(&reply)), (&refused(554, "5.6.7", "the server takes no headers in UTF-8"), "rejected"));
}

#[tokio::test]
async fn a_message_too_large_is_refused_before_it_is_sent() {
    let script = Script::good().at(Mail, Say("552 5.3.4 too large\r\n"));
    let (reply, session) = one(script, call).await;
    assert_eq!((&reply, meaning(&reply)), (&refused(552, "5.3.4", "too large"), "rejected"));
    assert!(session.messages.is_empty());
}

/// What the provider writes goes through as it is: ASCII alone, and not a byte is changed but for the dots.
#[tokio::test]
async fn a_written_message_arrives_byte_for_byte() {
    let letter = providers::Mail {
        from: providers::Mailbox { email: email("shop@example.com"), name: Some("Läden".to_owned()) },
        to: providers::Mailbox { email: email("ada@example.com"), name: None },
        cc: vec![email("ben@example.com")],
        bcc: vec![email("cy@example.com")],
        reply_to: None,
        subject: "Grüße".to_owned(),
        html: Some("<p>Grüße</p>".to_owned()),
        text: Some("Grüße\n.\n..\nEnde\n".to_owned()),
        headers: Vec::new(),
        unsubscribe: None,
        attachments: Vec::new(),
    };
    let outgoing = providers::Outgoing {
        id: "m1".to_owned(),
        tag: "t1".to_owned(),
        at: kernel::Time::parse("2026-03-01T09:30:00Z").unwrap(),
        entropy: [0; 48],
        content: providers::Content::Mail(Box::new(letter)),
    };
    let stub = Stub::start(vec![Script::good().offering(&[])]).await;
    let settings = serde_json::json!({ "host": "127.0.0.1", "port": stub.port, "security": "none" });
    let setup = Setup { settings: &settings, credentials: &serde_json::json!({}), token: None, callback: "" };
    let made = Provider.call(&outgoing, &setup).unwrap();
    let Call::Smtp(call) = &made else { unreachable!("{made:?}") };
    assert_eq!(wire(&client(&stub)).carry(&made, &Clock::System).await, accepted());
    let session = stub.session(0);
    let to = ["RCPT TO:<ada@example.com>", "RCPT TO:<ben@example.com>", "RCPT TO:<cy@example.com>"];
    assert_eq!(
        (session.commands[1].as_str(), &session.commands[2..5]),
        ("MAIL FROM:<shop@example.com>", &to.map(String::from)[..])
    );
    let wire = String::from_utf8(session.messages[0].clone()).unwrap();
    let unstuffed: Vec<&str> = wire.split("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
    let sent = String::from_utf8(call.raw.whole().unwrap()).unwrap();
    assert_eq!(unstuffed.join("\r\n").trim_end(), sent.trim_end());
    assert!(wire.is_ascii() && !wire.contains("cy@example.com"));
}
