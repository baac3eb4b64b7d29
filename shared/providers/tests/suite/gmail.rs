//! Whom Gmail's posts are believed from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Error;
use providers::{Roots, Setup};
use serde_json::json;
use stands::gmail::{claims, sign, signed};
use stands::{Post, Stand, all, now};

fn stand() -> Stand {
    all().into_iter().find(|stand| stand.id == "gmail").unwrap()
}

fn push(mailbox: &str) -> Vec<u8> {
    let data = STANDARD.encode(json!({"emailAddress": mailbox, "historyId": "9876543210"}).to_string());
    json!({"message": {"data": data, "messageId": "1"}, "subscription": "projects/p/subscriptions/s"}).to_string().into_bytes()
}

fn believed(post: &Post) -> bool {
    let stand = stand();
    match stand.receiving().verify(&post.callback(&Roots::none()), &stand.setup()) {
        Ok(_) => true,
        Err(Error::Unauthenticated) => false,
        Err(other) => unreachable!("{other:?}"),
    }
}

#[test]
fn a_post_is_googles_for_this_address_and_this_mailbox() {
    assert!(believed(&sign(push("Shop@Example.com"), now())));
    assert!(!believed(&sign(push("other@example.com"), now())));
    for (claim, value) in [
        ("iss", json!("https://evil.example")),
        ("aud", json!("https://hooks.example.com/hooks/any/other")),
        ("email", json!("push@evil.example")),
        ("email_verified", json!(false)),
        ("exp", json!(now().seconds())),
        ("exp", json!(null)),
        ("iat", json!(now().seconds() + 301)),
    ] {
        let mut claims = claims(now());
        claims[claim] = value;
        assert!(!believed(&signed(push("shop@example.com"), now(), &claims)), "{claim}");
    }
}

#[test]
fn without_the_account_that_pushes_nobody_is_believed() {
    let stand = stand();
    let settings = json!({"mailbox": "shop@example.com"});
    let setup = Setup { settings: &settings, ..stand.setup() };
    let post = sign(push("shop@example.com"), now());
    assert!(stand.receiving().verify(&post.callback(&Roots::none()), &setup).is_err());
}
