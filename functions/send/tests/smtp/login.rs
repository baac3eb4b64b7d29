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
    let wrong = |port| with_password(call(port), "hunter3");
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

/// The server is let greet and logs in, and nothing is sent.
#[tokio::test]
async fn a_look_goes_as_far_as_the_login_and_takes_leave() {
    let stub = Stub::start(vec![Script::good(), Script::good(), Script::good()]).await;
    let wire = wire(&client(&stub));
    let look = |call: SmtpCall| Call::Look(Look::Smtp(call.server));
    let known = look(with_login(call(stub.port)));
    // A kept connection would prove nothing of the password as it is now.
    assert_eq!(wire.carry(&Call::Smtp(with_login(call(stub.port))), &Clock::System).await, accepted());
    assert_eq!(wire.carry(&known, &Clock::System).await, Reply::Accepted { id: String::new() });
    assert_eq!((meaning(&Reply::Accepted { id: String::new() }), stub.connections()), ("sent", 2));
    let commands = stub.session(1).commands;
    assert!(commands[0].starts_with("EHLO") && commands[1].starts_with("AUTH"), "{commands:?}");
    assert!(!commands.iter().any(|command| command.starts_with("MAIL")), "{commands:?}");

    let reply = wire.carry(&look(with_password(call(stub.port), "hunter3")), &Clock::System).await;
    assert_eq!((&reply, meaning(&reply)), (&refused(535, "5.7.8", "wrong"), "misconfigured"));
    assert!(stub.session(2).messages.is_empty());
    assert!(!format!("{known:?}").contains("hunter2"));
}
