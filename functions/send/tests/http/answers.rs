//! What a server answers, and what is made of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use providers::{Piece, Sending as _, Verdict, resend};
use send::wire::pieces::Files;

use super::*;

/// Larger than what fits between client and server.
const LARGE: usize = 8 * 1024 * 1024;

fn meaning(answer: HttpReply) -> Verdict {
    resend::Resend.verdict(&Reply::Answered(answer))
}

#[tokio::test]
async fn a_request_goes_out_as_it_was_written_and_the_answer_comes_back_whole() {
    let (reply, stub) = one(Deed::Say(says("201 Created", "X-Request: 7\r\n", "{\"id\":\"re_1\"}")), call).await;
    let answer = answered(reply);
    assert_eq!((answer.status, answer.body.as_slice(), answer.at), (201, b"{\"id\":\"re_1\"}".as_slice(), now()));
    assert_eq!(answer.header("x-request"), Some("7"));
    assert_eq!(meaning(answer), Verdict::Sent { id: "re_1".to_owned() });
    let [asked] = stub.asked().try_into().unwrap();
    assert_eq!((asked.line.as_str(), asked.body.as_slice()), ("POST /messages?a=b", BODY.as_bytes()));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.header("content-length"), Some("15"));
    assert_eq!(asked.header("host"), Some(format!("127.0.0.1:{}", stub.port).as_str()));
    assert_eq!((asked.header("transfer-encoding"), asked.header("authorization")), (None, None));
}

#[tokio::test]
async fn methods_without_a_body_have_none() {
    for (method, line) in [(Method::Get, "GET"), (Method::Delete, "DELETE"), (Method::Put, "PUT")] {
        let (reply, stub) = one(fine(), |port| HttpCall { method, body: Body::default(), ..call(port) }).await;
        assert_eq!(answered(reply).status, 200);
        assert_eq!((stub.asked()[0].line.as_str(), stub.asked()[0].body.len()), (format!("{line} /messages?a=b").as_str(), 0));
    }
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let stub = Stub::start(vec![Script::of(&[fine(), fine()])]).await;
    let http = client(&stub);
    for _ in 0..2 {
        assert_eq!(answered(carry(&http, call(stub.port)).await).status, 200);
    }
    assert_eq!((stub.connections(), stub.asked().len()), (1, 2));
}

#[tokio::test]
async fn a_slow_answer_is_an_answer() {
    let (reply, _) = one(Deed::SayInDrops(says("200 OK", "", "{\"id\":\"slow\"}")), call).await;
    assert_eq!(meaning(answered(reply)), Verdict::Sent { id: "slow".to_owned() });
}

#[tokio::test]
async fn refusals_come_with_what_their_meaning_needs() {
    let (reply, _) = one(Deed::Say(says("429 Too Many Requests", "Retry-After: 7\r\n", "{\"name\":\"rate\"}")), call).await;
    let answer = answered(reply);
    assert_eq!((answer.status, answer.retry_after()), (429, Some(7)));
    assert!(matches!(meaning(answer), Verdict::Limited { after: Some(7), .. }));

    let (reply, _) = one(Deed::Say(says("503 Down", "Retry-After: Sun, 01 Mar 2026 09:31:00 GMT\r\n", "oops")), call).await;
    assert_eq!(meaning(answered(reply)), Verdict::Retry { after: Some(60), reason: "503 oops".to_owned() });

    let (reply, _) = one(Deed::Say(says("401 No", "", "{}")), call).await;
    assert!(matches!(meaning(answered(reply)), Verdict::Misconfigured { .. }));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nothing_to_follow() {
    let other = Stub::start(vec![Script::of(&[fine()])]).await;
    let to = format!("Location: http://127.0.0.1:{}/elsewhere\r\n", other.port);
    for status in ["301 Moved", "302 Found", "307 Elsewhere", "308 Elsewhere"] {
        let (reply, stub) = one(Deed::Say(says(status, &to, "")), call).await;
        assert_eq!(answered(reply).status.to_string(), status[..3]);
        assert_eq!((stub.asked().len(), other.connections()), (1, 0));
    }
}

#[tokio::test]
async fn a_huge_answer_is_not_read_to_its_end() {
    let body = "x".repeat(LARGE);
    let (reply, _) = one(Deed::Say(says("500 Oops", "", &body)), call).await;
    let answer = answered(reply);
    assert_eq!((answer.status, answer.body.len()), (500, 256 * 1024));
    // Whether it was done may stand behind what was read.
    let (reply, _) = one(Deed::Say(says("200 OK", "", &body)), call).await;
    assert_eq!(lost(reply), "127.0.0.1: the answer 200 could not be read to its end");
    let (reply, _) = one(Deed::Say(says("200 OK", "", &body[..256 * 1024])), call).await;
    assert_eq!(answered(reply).body.len(), 256 * 1024);
}

#[tokio::test]
async fn an_answer_that_breaks_off() {
    let short = |status: &str| Deed::SayAndHangUp(format!("HTTP/1.1 {status}\r\ncontent-length: 100\r\n\r\n{{\"id\""));
    let (reply, _) = one(short("200 OK"), call).await;
    assert_eq!(lost(reply), "127.0.0.1: the answer 200 could not be read to its end");
    let (reply, _) = one(short("400 No"), call).await;
    let answer = answered(reply);
    assert_eq!((answer.status, answer.body.as_slice()), (400, b"{\"id\"".as_slice()));
    let (reply, _) = one(Deed::SayAndHangUp("HTTP/1.1 200".to_owned()), call).await;
    lost(reply);
    let (reply, _) = one(Deed::Say("220 mail.example.com ESMTP\r\n".to_owned()), call).await;
    lost(reply);
}

#[tokio::test]
async fn a_request_that_was_whole_may_have_been_taken() {
    for deed in [Deed::HangUp, Deed::Silence] {
        let (reply, stub) = one(deed, call).await;
        lost(reply);
        assert_eq!(stub.asked().len(), 1);
    }
    let (reply, _) = one(Deed::Silence, |port| HttpCall { method: Method::Get, body: Body::default(), ..call(port) }).await;
    lost(reply);
}

#[tokio::test]
async fn a_request_that_was_never_whole_was_not_taken() {
    for deed in [Deed::HangUpAtTheHead, Deed::SilenceAtTheHead] {
        let (reply, stub) = one(deed, |port| {
            let body = Body((0..LARGE / 65_536).map(|_| Piece::Bytes(vec![b'x'; 65_536])).collect());
            HttpCall { body, ..call(port) }
        })
        .await;
        unreached(reply);
        assert!(stub.asked().is_empty());
    }
}

#[tokio::test]
async fn stored_files_are_read_as_they_go_out() {
    let stored = |bytes| {
        Body(vec![
            Piece::Bytes(b"{\"file\":\"".to_vec()),
            Piece::Base64 { of: Body(vec![Piece::Stored { key: "k".to_owned(), bytes }]), lines: false },
            Piece::Bytes(b"\"}".to_vec()),
        ])
    };
    // Nobody to read them: nothing is sent.
    let (reply, stub) = one(fine(), |port| HttpCall { body: stored(100_000), ..call(port) }).await;
    assert!(matches!(&reply, Reply::Refused { status: 413, .. }), "{reply:?}");
    assert!(matches!(resend::Resend.verdict(&reply), Verdict::Rejected { .. }));
    assert_eq!(stub.connections(), 0);

    let file: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
    let files = Files::Prepared(Arc::new(BTreeMap::from([("k".to_owned(), file.clone())])));
    let stub = Stub::start(vec![Script::of(&[fine()]), Script::of(&[fine()])]).await;
    let wire = wire(client(&stub)).files(files);
    let carry = async |bytes| {
        let call = HttpCall { body: stored(bytes), ..call(stub.port) };
        wire.carry(&Call::Http(call), &Clock::manual(now())).await
    };
    assert_eq!(answered(carry(100_000).await).status, 200);
    let expected = Body(vec![
        Piece::Bytes(b"{\"file\":\"".to_vec()),
        Piece::Base64 { of: Body::bytes(file), lines: false },
        Piece::Bytes(b"\"}".to_vec()),
    ]);
    assert_eq!(Some(&stub.asked()[0].body), expected.whole().as_ref());
    // A file that is longer than was promised is not sent in part.
    unreached(carry(99_999).await);
    assert_eq!(stub.asked().len(), 1);
}
