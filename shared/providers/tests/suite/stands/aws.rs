use providers::{Content, Reply};
use serde_json::{Value, json};

use super::{Stand, answered, direct, nothing};

/// It hears nothing back.
pub fn sns_sms() -> Stand {
    let refused = |(status, code, meaning): &(u16, &str, &'static str)| {
        let reply = Reply::Refused { status: *status, code: (*code).to_owned(), text: "Words".to_owned(), after: None };
        (reply, *meaning)
    };
    let answers = [
        (400, "InvalidParameter", "rejected"),
        (400, "InvalidParameterException", "rejected"),
        (400, "ParameterValueInvalid", "rejected"),
        (400, "OptedOut", "undeliverable"),
        (400, "EndpointDisabled", "undeliverable"),
        (403, "AuthorizationError", "misconfigured"),
        (404, "NotFound", "rejected"),
        (429, "Throttled", "limited"),
        (400, "KMSThrottling", "limited"),
        (500, "InternalError", "retry"),
        (403, "SignatureDoesNotMatch", "misconfigured"),
        (400, "AccountSuspendedException", "misconfigured"),
        (403, "ExpiredTokenException", "retry"),
        (400, "Novel", "retry"),
    ];
    let settings = json!({"region": "eu-west-1", "sender_id": "Shop", "message_type": "promotional", "max_price": "0.50"});
    Stand { answers: answers.iter().map(refused).collect(), ..stand("sns_sms", settings) }
}

/// Its callbacks come through SNS: see the file `aws_sms.rs` of the suite.
pub fn aws_sms() -> Stand {
    let error =
        |name: &str, reason: &str| json!({"__type": format!("com.example#{name}"), "Message": "Words", "Reason": reason});
    let mut answers = vec![
        (answered(200, &[], &json!({"MessageId": "862a8790"})), "sent 862a8790"),
        (answered(400, &[("x-amzn-errortype", "ThrottlingException:http://internal")], &json!("")), "limited"),
        (answered(503, &[], &json!("<html>")), "retry"),
    ];
    for (status, name, reason, meaning) in [
        (400, "ThrottlingException", "", "limited"),
        (500, "InternalServerException", "", "retry"),
        (402, "ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT", "misconfigured"),
        (403, "AccessDeniedException", "ACCOUNT_DISABLED", "misconfigured"),
        (404, "ResourceNotFoundException", "", "misconfigured"),
        (400, "ValidationException", "INVALID_PARAMETER", "rejected"),
        (400, "ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT", "undeliverable"),
        (400, "ConflictException", "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION", "undeliverable"),
        (400, "ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED", "misconfigured"),
        (400, "ConflictException", "NOVEL", "retry"),
        (400, "UnrecognizedClientException", "", "misconfigured"),
        (400, "NovelException", "", "retry"),
    ] {
        answers.push((answered(status, &[], &error(name, reason)), meaning));
    }
    let (code, text) = ("AccountSuspendedException".to_owned(), "no AWS credentials on this machine".to_owned());
    answers.push((Reply::Refused { status: 400, code, text, after: None }, "misconfigured"));
    let settings = json!({"region": "eu-west-1", "origination_identity": "+14155550100", "time_to_live": 600,
        "configuration_set": "events", "topic_arns": []});
    Stand { answers, ..stand("aws_sms", settings) }
}

fn stand(id: &'static str, settings: Value) -> Stand {
    Stand {
        id,
        settings,
        credentials: nothing(),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("+14155550123"))),
        sign: None,
        covers_body: true,
        stale: true,
        samples: Vec::new(),
        answers: Vec::new(),
    }
}
