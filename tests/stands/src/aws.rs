use providers::{Content, Reply};
use serde_json::{Value, json};

use super::api::{self, Api, Check, Door, WORDS, all_of, header, said, signed_by_role};
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

/// The query API of SNS: `Publish`.
pub fn sns_api() -> Api {
    let error = |code: &str, words: &str| {
        json!(format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{words}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        ))
    };
    let taken = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>sns-1</MessageId>\
                 </PublishResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishResponse>";
    let field = |name: &'static str, value: &str| (name, value.to_owned());
    let fields = vec![field("Action", "Publish"), field("PhoneNumber", "+14155550123"), field("Message", WORDS)];
    Api {
        messages: Door {
            line: "POST /".to_owned(),
            login: signed_by_role("sns", "eu-west-1"),
            takes: api::form(fields),
            unknown: said(403, &[], &error("InvalidClientTokenId", "The security token included in the request is invalid.")),
            taken: said(200, &[], &json!(taken)),
        },
        limited: (said(400, &[("retry-after", "50")], &error("Throttling", "Rate exceeded")), 50),
        refused: said(400, &[], &error("InvalidParameter", "Invalid parameter: Message")),
        down: said(503, &[], &error("ServiceUnavailable", "The service is unavailable.")),
        ..role_api()
    }
}

/// SES v2: `SendEmail`.
pub fn ses_api() -> Api {
    let error = |words: &str| json!({ "message": words });
    let raw: Check = Box::new(|request| {
        use base64::Engine as _;
        let body = api::read(request.body)?;
        let data = body.pointer("/Content/Raw/Data").and_then(Value::as_str).ok_or("no /Content/Raw/Data")?;
        api::is_mail(&base64::engine::general_purpose::STANDARD.decode(data).map_err(|error| error.to_string())?)
    });
    let fields = vec![
        ("/FromEmailAddress", json!(api::SENDER)),
        ("/Destination/ToAddresses/0", json!(api::RECIPIENT)),
        ("/ConfigurationSetName", json!("events")),
        ("/EmailTags/0/Name", json!("sb")),
        ("/EmailTags/0/Value", json!(null)),
    ];
    let named = |name: &'static str| [("x-amzn-errortype", name)];
    Api {
        messages: Door {
            line: "POST /v2/email/outbound-emails".to_owned(),
            login: signed_by_role("ses", "eu-west-1"),
            takes: all_of(vec![api::json(fields), raw]),
            unknown: said(403, &named("UnrecognizedClientException"), &error("The security token is invalid.")),
            taken: said(200, &[], &json!({"MessageId": "0100018f"})),
        },
        limited: (
            said(
                429,
                &[("x-amzn-errortype", "TooManyRequestsException"), ("retry-after", "50")],
                &error("Maximum sending rate exceeded."),
            ),
            50,
        ),
        refused: said(400, &named("MessageRejected"), &error("Email contains an attachment that is not allowed.")),
        down: said(503, &named("ServiceUnavailableException"), &error("The service is unavailable.")),
        ..role_api()
    }
}

/// End User Messaging: `SendTextMessage`.
pub fn text_api() -> Api {
    let error =
        |name: &str, reason: &str| json!({"__type": format!("com.example#{name}"), "Message": "Words", "Reason": reason});
    let fields = vec![
        ("/DestinationPhoneNumber", json!("+14155550123")),
        ("/MessageBody", json!(WORDS)),
        ("/OriginationIdentity", json!("+14155550100")),
        ("/Context/sb", json!(null)),
    ];
    // The protocol has a media type of its own.
    let body: Check = Box::new(move |request| api::stands(&api::read(request.body)?, &fields));
    let heads = vec![
        header("content-type", "application/x-amz-json-1.0"),
        header("x-amz-target", "PinpointSMSVoiceV2.SendTextMessage"),
        body,
    ];
    Api {
        messages: Door {
            line: "POST https://sms-voice.eu-west-1.amazonaws.com/".to_owned(),
            login: signed_by_role("sms-voice", "eu-west-1"),
            takes: all_of(heads),
            unknown: said(400, &[], &error("UnrecognizedClientException", "")),
            taken: said(200, &[], &json!({"MessageId": "862a8790"})),
        },
        limited: (said(400, &[("retry-after", "50")], &error("ThrottlingException", "")), 50),
        refused: said(400, &[], &error("ValidationException", "INVALID_PARAMETER")),
        down: said(503, &[], &error("InternalServerException", "")),
        ..role_api()
    }
}

/// What is asked with the role of the process: no account's credentials can be wrong.
fn role_api() -> Api {
    let nobody = || said(404, &[], &json!(""));
    let messages = Door { line: String::new(), login: api::anyone(), takes: api::anyone(), unknown: nobody(), taken: nobody() };
    Api {
        tokens: None,
        messages,
        http2: false,
        stranger: None,
        refuses_accounts: true,
        limited: (nobody(), 0),
        refused: nobody(),
        down: nobody(),
        garbled: "unknown",
    }
}
