//! Logging in, and keeping the login to oneself.

use super::*;
use stub::mail::At::{Auth, Dot};
use stub::mail::Deed::{HangUp, Say, Silence};

/// base64 of `\0shop\0hunter2`.
const PROOF: &str = "AHNob3AAaHVudGVyMg==";

#[tokio::test]
async fn by_the_mechanism_that_is_offered() {
    for (offered, first) in [
        ("AUTH PLAIN LOGIN", format!("AUTH PLAIN {PROOF}")),
        ("auth plain", format!("AUTH PLAIN {PROOF}")),
        ("AUTH=PLAIN", format!("AUTH PLAIN {PROOF}")),
        ("AUTH CRAM-MD5 LOGIN", "AUTH LOGIN".to_owned()),
    ] {
        let (reply, session) = one(Script::good().offering(&[offered]), |port| with_login(call(port))).await;
        assert_eq!(reply, accepted(), "{offered}");
        assert_eq!(session.commands[1], first, "{offered}");
    }
}

#[tokio::test]
async fn no_login_is_tried_without_one_or_without_a_mechanism() {
    let (reply, session) = one(Script::good(), call).await;
    assert_eq!(reply, accepted());
    assert!(!session.commands.iter().any(|command| command.starts_with("AUTH")));
    for offered in [&[][..], &["AUTH CRAM-MD5"]] {
        let (reply, session) = one(Script::good().offering(offered), |port| with_login(call(port))).await;
        assert_eq!(reply, refused(502, "5.5.1", "the server offers no login by PLAIN or LOGIN"));
        assert_eq!((meaning(&reply), session.commands.len()), ("misconfigured", 1));
    }
}

#[tokio::test]
async fn a_wrong_password_is_the_accounts_fault() {
    let wrong = |port| SmtpCall { login: Some(("shop".to_owned(), Secret::new("hunter3"))), ..call(port) };
    for offered in ["AUTH PLAIN", "AUTH LOGIN"] {
        let (reply, session) = one(Script::good().offering(&[offered]), wrong).await;
        assert_eq!((&reply, meaning(&reply)), (&refused(535, "5.7.8", "wrong"), "misconfigured"));
        assert!(!session.commands.iter().any(|command| command.starts_with("MAIL")));
    }
}

#[tokio::test]
async fn a_login_that_breaks_off() {
    let login = |port| with_login(call(port));
    let (reply, _) = one(Script::good().at(Auth, HangUp), login).await;
    assert_eq!((&reply, meaning(&reply)), (&unreached("the server closed the connection at AUTH"), "retry"));
    let (reply, _) = one(Script::good().at(Auth, Silence), login).await;
    assert_eq!((&reply, meaning(&reply)), (&unreached("the server did not answer in time at AUTH"), "retry"));
    let (reply, _) = one(Script::good().at(Auth, Say("454 4.7.0 later\r\n")), login).await;
    assert_eq!((&reply, meaning(&reply)), (&refused(454, "4.7.0", "later"), "limited"));
}

#[tokio::test]
async fn a_server_that_repeats_the_login_is_not_quoted() {
    let left_out = "(words left out: they repeat the login)";
    for said in [
        "535 5.7.8 hunter2 is wrong\r\n",
        "535 5.7.8 AHNob3AAaHVudGVyMg== is wrong\r\n",
        "535-5.7.8 aHVudGVyMg==\r\n535 5.7.8 is wrong\r\n",
    ] {
        let (reply, _) = one(Script::good().at(Auth, Say(said)), |port| with_login(call(port))).await;
        assert_eq!((&reply, meaning(&reply)), (&refused(535, "5.7.8", left_out), "misconfigured"));
    }
    let (reply, _) = one(Script::good().at(Dot, Say("250 thanks, hunter2\r\n")), |port| with_login(call(port))).await;
    assert_eq!(reply, Reply::Accepted { id: left_out.to_owned() });
}

#[tokio::test]
async fn nothing_that_is_printed_holds_the_login() {
    let stub = Stub::start(vec![Script::good()]).await;
    let (smtp, made) = (client(&stub), Call::Smtp(with_login(call(stub.port))));
    let wire = wire(&smtp);
    assert_eq!(wire.carry(&made, &Clock::System).await, accepted());
    for printed in [format!("{smtp:?}"), format!("{wire:?}"), format!("{made:?}")] {
        assert!(!printed.contains("hunter2") && !printed.contains(PROOF) && !printed.contains("Hello"), "{printed}");
    }
}
