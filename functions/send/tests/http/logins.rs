//! How a request says who we are.

use aws::Connection;

use super::*;

async fn header(login: Login, name: &str) -> Option<String> {
    let (reply, stub) = one(fine(), |port| HttpCall { login, ..call(port) }).await;
    assert_eq!(answered(reply).status, 200);
    stub.asked()[0].header(name).map(str::to_owned)
}

#[tokio::test]
async fn every_kind_of_login_has_its_header() {
    let secret = || Secret::new("hunter2");
    for (login, name, expected) in [
        (Login::None, "authorization", None),
        (Login::Bearer(secret()), "authorization", Some("Bearer hunter2")),
        (Login::Basic("shop".to_owned(), secret()), "authorization", Some("Basic c2hvcDpodW50ZXIy")),
        (Login::Authorization(Secret::new("Bot hunter2")), "authorization", Some("Bot hunter2")),
        (Login::Header("x-api-key", secret()), "x-api-key", Some("hunter2")),
    ] {
        assert_eq!(header(login, name).await.as_deref(), expected, "{name}");
    }
}

#[tokio::test]
async fn a_secret_that_fits_no_header_is_refused_and_not_repeated() {
    let stub = Stub::start(Vec::new()).await;
    let login = Login::Bearer(Secret::new("hunter2\r\nx-evil: 1"));
    let reply = carry(&client(&stub), HttpCall { login, ..call(stub.port) }).await;
    let Reply::Refused { text, .. } = reply else { unreachable!("{reply:?}") };
    assert!(!text.contains("hunter2"), "{text}");
}

fn aws_login(region: Option<&str>) -> Login {
    Login::Aws { service: "mobiletargeting", region: region.map(str::to_owned) }
}

#[tokio::test]
async fn the_role_of_the_process_signs() {
    let stub = Stub::start(vec![Script::of(&[fine(), fine(), fine()])]).await;
    let wire = wire(client(&stub)).role(Connection::loopback("http://127.0.0.1:1"));
    let mut signatures = Vec::new();
    for (region, body, scope) in [
        (None, BODY, "local/20260301/us-east-1/mobiletargeting/aws4_request"),
        (Some("eu-central-1"), BODY, "local/20260301/eu-central-1/mobiletargeting/aws4_request"),
        (Some("eu-central-1"), "{}", "local/20260301/eu-central-1/mobiletargeting/aws4_request"),
    ] {
        let call = HttpCall { login: aws_login(region), body: Body::bytes(body), ..call(stub.port) };
        assert_eq!(answered(wire.carry(&Call::Http(call), &Clock::manual(now())).await).status, 200);
        let asked = stub.asked().pop().unwrap();
        assert_eq!(asked.header("x-amz-date"), Some("20260301T093000Z"));
        assert_eq!(asked.header("host"), Some(format!("127.0.0.1:{}", stub.port).as_str()));
        let said = asked.header("authorization").unwrap();
        let start = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=");
        assert!(said.starts_with(&start), "{said}");
        let (headers, signature) = said[start.len()..].split_once(", Signature=").unwrap();
        assert!(["content-type", "host", "x-amz-date"].iter().all(|name| headers.split(';').any(|one| one == *name)), "{said}");
        signatures.push(signature.to_owned());
    }
    signatures.dedup();
    assert_eq!(signatures.len(), 3, "region and body are part of what is signed");
}

#[tokio::test]
async fn stored_files_are_signed_like_bytes_that_are_at_hand() {
    let stub = Stub::start(vec![Script::of(&[fine(), fine()])]).await;
    let keys = kernel::Keys::derive(&Secret::new("the deployment secret of a test, for it alone")).unwrap();
    let files = aws::Files::Shelf(aws::files::Shelf::memory(&keys, "", Clock::manual(now())));
    files.write("k", "a/b", 15, aws::files::whole(BODY)).await.unwrap();
    let wire = wire(client(&stub)).files(files).role(Connection::loopback("http://127.0.0.1:1"));
    for piece in [providers::Piece::Bytes(BODY.into()), providers::Piece::Stored { key: "k".to_owned(), bytes: 15 }] {
        let call = HttpCall { login: aws_login(None), body: Body(vec![piece]), ..call(stub.port) };
        assert_eq!(answered(wire.carry(&Call::Http(call), &Clock::manual(now())).await).status, 200);
    }
    let asked = stub.asked();
    assert_eq!(asked[0].header("authorization"), asked[1].header("authorization"));
    assert_eq!(asked[1].body, BODY.as_bytes());
}

#[tokio::test]
async fn a_machine_without_a_role_signs_nothing() {
    let (reply, stub) = one(fine(), |port| HttpCall { login: aws_login(None), ..call(port) }).await;
    assert!(matches!(&reply, Reply::Refused { text, .. } if text == "no AWS credentials on this machine"), "{reply:?}");
    assert_eq!(stub.connections(), 0);
}
