//! Text messages by SNS, as the SDK sends them.

use aws::Connection;
use providers::ses::Ses;
use providers::{Look, Sending as _, SnsCall, Verdict};

use super::*;

fn text() -> Call {
    let attributes = vec![("AWS.SNS.SMS.SMSType", "Transactional".to_owned()), ("AWS.SNS.SMS.MaxPrice", "0.50".to_owned())];
    Call::Sns(SnsCall { region: None, to: "+14155550123".to_owned(), text: "Your code is 7".to_owned(), attributes })
}

async fn publish(deed: Deed) -> (Reply, Stub) {
    let stub = Stub::start(vec![Script::of(&[deed])]).await;
    let wire = wire(client(&stub)).role(Connection::loopback(&format!("http://127.0.0.1:{}", stub.port)));
    (wire.carry(&text(), &Clock::manual(now())).await, stub)
}

#[tokio::test]
async fn a_text_is_published_to_its_number() {
    let said = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>sns-1</MessageId>\
                </PublishResult></PublishResponse>";
    let (reply, stub) = publish(Deed::Say(says("200 OK", "", said))).await;
    assert_eq!(reply, Reply::Accepted { id: "sns-1".to_owned() });
    let body = String::from_utf8(stub.asked()[0].body.clone()).unwrap();
    for part in ["Action=Publish", "PhoneNumber=%2B14155550123", "Message=Your%20code%20is%207", "SMSType", "Transactional"] {
        assert!(body.contains(part), "{part}: {body}");
    }
    // Of the two attributes, the price is a number.
    for part in ["DataType=String", "DataType=Number", "StringValue=0.50"] {
        assert_eq!(body.matches(part).count(), 1, "{part}: {body}");
    }
}

#[tokio::test]
async fn what_sns_refuses_comes_with_its_name_and_is_asked_once() {
    let said = "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
                <Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
    let (reply, stub) = publish(Deed::Say(says("400 Bad Request", "", said))).await;
    let (code, text) = ("Throttling".to_owned(), "Rate exceeded".to_owned());
    assert_eq!(reply, Reply::Refused { status: 400, code, text, after: None });
    assert_eq!(stub.asked().len(), 1);
}

#[tokio::test]
async fn a_success_that_cannot_be_read_is_lost() {
    let (reply, stub) = publish(Deed::Say(says("200 OK", "", "<html>Thank you!</html>"))).await;
    assert_eq!((lost(reply).as_str(), stub.asked().len()), ("the answer of SNS could not be read", 1));
}

#[tokio::test]
async fn an_answer_that_never_came_is_lost() {
    let (reply, stub) = publish(Deed::HangUp).await;
    assert_eq!((lost(reply).as_str(), stub.asked().len()), ("SNS did not answer", 1));
    let closed = Stub::start(Vec::new()).await;
    tokio::task::yield_now().await;
    let wire = wire(client(&closed)).role(Connection::loopback(&format!("http://127.0.0.1:{}", closed.port)));
    assert_eq!(unreached(wire.carry(&text(), &Clock::manual(now())).await), "SNS could not be reached");
}

#[tokio::test]
async fn a_machine_without_a_role_publishes_nothing() {
    let stub = Stub::start(Vec::new()).await;
    let reply = wire(client(&stub)).carry(&text(), &Clock::manual(now())).await;
    assert!(matches!(reply, Reply::Refused { status: 400, .. }), "{reply:?}");
}

/// SES is asked whether the AWS account may send, and nothing is sent.
#[tokio::test]
async fn ses_tells_whether_it_may_be_sent_by() {
    for (said, expected) in [
        (says("200 OK", "", "{\"SendingEnabled\": true, \"ProductionAccessEnabled\": true}"), "sent"),
        (says("200 OK", "", "{\"SendingEnabled\": false}"), "misconfigured"),
        (says("403 Forbidden", "x-amzn-errortype: AccessDeniedException\r\n", "{\"message\": \"no\"}"), "misconfigured"),
        (says("503 Service Unavailable", "", "{}"), "retry"),
    ] {
        let stub = Stub::start(vec![Script::of(&[Deed::Say(said)])]).await;
        let wire = wire(client(&stub)).role(Connection::loopback(&format!("http://127.0.0.1:{}", stub.port)));
        let reply = wire.carry(&Call::Look(Look::Ses { region: None }), &Clock::manual(now())).await;
        let word = match Ses.verdict(&reply) {
            Verdict::Sent { .. } => "sent",
            Verdict::Misconfigured { .. } => "misconfigured",
            Verdict::Retry { .. } => "retry",
            other => unreachable!("{other:?}"),
        };
        assert_eq!((word, stub.asked().len()), (expected, 1), "{reply:?}");
    }
}
