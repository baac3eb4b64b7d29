//! A connection in order is used again; one that is not costs nothing but another.

use futures_util::future::join_all;

use super::*;
use stub::mail::At::{Dot, MailAgain, Rcpt, Rset};
use stub::mail::Deed::{HangUp, Say, SayAndHangUp, Silence};

/// As many messages, one after the other, and how they ended.
async fn several(scripts: Vec<Script>, messages: usize) -> (Vec<Reply>, Stub) {
    let stub = Stub::start(scripts).await;
    let smtp = client(&stub);
    let mut replies = Vec::new();
    for _ in 0..messages {
        replies.push(carry(&smtp, call(stub.port)).await);
    }
    (replies, stub)
}

#[tokio::test]
async fn one_connection_carries_several_messages() {
    let (replies, stub) = several(vec![Script::good()], 3).await;
    assert_eq!(replies, [accepted(), accepted(), accepted()]);
    assert_eq!((stub.connections(), stub.session(0).messages.len()), (1, 3));
    assert_eq!(stub.session(0).commands.iter().filter(|command| *command == "RSET").count(), 2);
}

#[tokio::test]
async fn a_connection_stays_after_a_refusal_and_forgets_what_was_begun() {
    let (replies, stub) = several(vec![Script::good().at(Rcpt(0), Say("550 5.1.1 no\r\n"))], 2).await;
    assert_eq!(replies, [refused(550, "5.1.1", "no"), refused(550, "5.1.1", "no")]);
    assert_eq!(stub.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_died_meanwhile_is_replaced() {
    for deed in [HangUp, Silence, Say("421 4.4.2 idle too long\r\n"), Say("nonsense\r\n")] {
        let (replies, stub) = several(vec![Script::good().at(Rset, deed), Script::good()], 2).await;
        assert_eq!(replies, [accepted(), accepted()], "{deed:?}");
        assert_eq!((stub.session(0).messages.len(), stub.session(1).messages.len()), (1, 1), "{deed:?}");
    }
}

#[tokio::test]
async fn a_server_that_has_had_enough_of_a_connection_gets_another() {
    for deed in [Say("421 4.7.0 enough\r\n"), SayAndHangUp("421 4.7.0 enough\r\n"), HangUp, Say("nonsense\r\n")] {
        let (replies, stub) = several(vec![Script::good().at(MailAgain, deed), Script::good()], 2).await;
        assert_eq!(replies, [accepted(), accepted()], "{deed:?}");
        assert_eq!((stub.session(0).messages.len(), stub.session(1).messages.len()), (1, 1), "{deed:?}");
    }
}

#[tokio::test]
async fn a_refusal_over_a_kept_connection_is_an_answer() {
    let (replies, stub) = several(vec![Script::good().at(MailAgain, Say("451 4.3.0 trouble\r\n")), Script::good()], 2).await;
    assert_eq!(replies, [accepted(), refused(451, "4.3.0", "trouble")]);
    assert_eq!(stub.connections(), 1);
}

#[tokio::test]
async fn patience_that_has_ended_is_not_renewed_for_another_connection() {
    let (replies, stub) = several(vec![Script::good().at(MailAgain, Silence), Script::good()], 2).await;
    assert_eq!(replies, [accepted(), unreached("the server did not answer in time at MAIL")]);
    assert_eq!(stub.connections(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_never_tried_again_over_another_connection() {
    let stub = Stub::start(vec![Script::good().at(Dot, HangUp), Script::good()]).await;
    let smtp = client(&stub);
    let reply = carry(&smtp, call(stub.port)).await;
    assert_eq!(reply, lost("the server closed the connection at the end of the message"));
    assert_eq!(stub.connections(), 1);
    // The broken connection is not used again either.
    assert_eq!(carry(&smtp, call(stub.port)).await, accepted());
    assert_eq!((stub.connections(), stub.session(1).messages.len()), (2, 1));
}

#[tokio::test]
async fn accounts_do_not_share_a_connection() {
    let stub = Stub::start(vec![Script::good(), Script::good(), Script::good()]).await;
    let smtp = client(&stub);
    let other = with_password(call(stub.port), "other");
    assert_eq!(carry(&smtp, call(stub.port)).await, accepted());
    assert_eq!(carry(&smtp, with_login(call(stub.port))).await, accepted());
    assert_eq!(carry(&smtp, other).await, refused(535, "5.7.8", "wrong"));
    assert_eq!(stub.connections(), 3);
}

#[tokio::test]
async fn messages_at_once_have_a_connection_each_and_four_are_kept() {
    let stub = Stub::start(vec![Script::good(); 8]).await;
    let smtp = client(&stub);
    for connections in [6, 8] {
        let replies = join_all((0..6).map(|_| carry(&smtp, call(stub.port)))).await;
        assert_eq!(replies, vec![accepted(); 6]);
        assert_eq!(stub.connections(), connections);
    }
}
