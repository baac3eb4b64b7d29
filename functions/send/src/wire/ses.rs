//! Mail with stored files by SES: its SDK takes a whole message, so this is the same request by hand, whose body is read while it
//! goes out.
//!
//! Source: Amazon SES API v2 Reference, SendEmail.

use kernel::Secret;
use providers::{Body, HttpCall, Login, Method, Piece, Reply, SesCall};
use serde_json::{Value, json};

/// The request for that region; `configuration_set` is what publishes its events.
pub fn request(call: &SesCall, region: &str, configuration_set: Option<&str>) -> HttpCall {
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    let tags: Vec<Value> = call.tags.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    let mut said = json!({
        "FromEmailAddress": call.from.as_str(),
        "Destination": { "ToAddresses": call.to.iter().map(|to| to.as_str()).collect::<Vec<_>>() },
        "EmailTags": tags,
    });
    if let (Some(name), Value::Object(fields)) = (configuration_set, &mut said) {
        fields.insert("ConfigurationSetName".to_owned(), json!(name));
    }
    let open = said.to_string();
    let open = open.strip_suffix('}').unwrap_or_default();
    let body = Body(vec![
        Piece::Bytes(format!("{open},\"Content\":{{\"Raw\":{{\"Data\":\"").into_bytes()),
        Piece::Base64 { of: call.raw.clone(), lines: false },
        Piece::Bytes(b"\"}}}".to_vec()),
    ]);
    HttpCall {
        method: Method::Post,
        url: Secret::new(format!("https://email.{region}.amazonaws.com{china}/v2/email/outbound-emails")),
        headers: vec![("content-type", "application/json".to_owned())],
        login: Login::Aws { service: "ses", region: Some(region.to_owned()) },
        body,
        http2: false,
    }
}

/// What SES answered, in the words that the SDK would have for it.
pub fn answer(reply: Reply) -> Reply {
    let Reply::Answered(answer) = reply else { return reply };
    let body = answer.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    if answer.is_success() {
        let lost = || Reply::Lost { text: "SES took a message and gave it no id".to_owned() };
        return text("MessageId").map_or_else(lost, |id| Reply::Accepted { id });
    }
    let code = answer.header("x-amzn-errortype").map(|code| code.split(':').next().unwrap_or_default().to_owned());
    Reply::Refused {
        status: answer.status,
        code: code.unwrap_or_default(),
        text: text("message").or_else(|| text("Message")).unwrap_or_default(),
        after: answer.header("retry-after").and_then(|after| after.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Email, Time};
    use providers::HttpReply;

    use super::*;

    fn call(raw: Body) -> SesCall {
        let email = |text: &str| Email::parse(text).unwrap();
        SesCall {
            region: None,
            from: email("news@shop.example"),
            to: vec![email("ada@example.com"), email("eve@example.com")],
            raw,
            configuration_set: None,
            tags: vec![("ref".to_owned(), "T-1".to_owned())],
        }
    }

    #[test]
    fn the_request_is_what_the_sdk_would_send() {
        let whole = request(&call(Body::bytes("Subject: x\r\n\r\nx")), "eu-west-1", Some("events"));
        assert_eq!(whole.url.reveal(), "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails");
        let said: Value = serde_json::from_slice(&whole.body.whole().unwrap()).unwrap();
        assert_eq!(
            said,
            json!({
                "FromEmailAddress": "news@shop.example",
                "Destination": { "ToAddresses": ["ada@example.com", "eve@example.com"] },
                "EmailTags": [{ "Name": "ref", "Value": "T-1" }],
                "ConfigurationSetName": "events",
                "Content": { "Raw": { "Data": "U3ViamVjdDogeA0KDQp4" } },
            })
        );
        let stored = request(&call(Body(vec![Piece::Stored { key: "k".to_owned(), bytes: 3 }])), "cn-north-1", None);
        assert!(stored.body.whole().is_none() && stored.url.reveal().contains("cn-north-1.amazonaws.com.cn/"));
    }

    #[test]
    fn answers_read_as_the_sdk_reads_them() {
        let reply = |status: u16, headers: &[(&str, &str)], body: &str| {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            answer(Reply::Answered(HttpReply { status, headers, body: body.as_bytes().to_vec(), at: Time::EPOCH }))
        };
        assert_eq!(reply(200, &[], r#"{"MessageId":"m1"}"#), Reply::Accepted { id: "m1".to_owned() });
        assert!(matches!(reply(200, &[], "{}"), Reply::Lost { .. }));
        let said =
            reply(429, &[("x-amzn-errortype", "TooManyRequestsException:x"), ("retry-after", "7")], r#"{"message":"Slow"}"#);
        let (code, text) = ("TooManyRequestsException".to_owned(), "Slow".to_owned());
        assert_eq!(said, Reply::Refused { status: 429, code, text, after: Some(7) });
        assert_eq!(answer(Reply::Lost { text: "x".to_owned() }), Reply::Lost { text: "x".to_owned() });
    }
}
