//! What goes out: views with ETag and Location, and pages.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, LOCATION};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

/// A view on its way out.
#[derive(Debug)]
pub struct Reply<T> {
    status: StatusCode,
    headers: HeaderMap,
    view: T,
}

impl<T: Serialize> Reply<T> {
    /// 200 with a view.
    pub fn ok(view: T) -> Self {
        Self { status: StatusCode::OK, headers: HeaderMap::new(), view }
    }

    /// 201 with the new thing and where it is.
    pub fn created(view: T, location: &str) -> Self {
        Self { status: StatusCode::CREATED, headers: HeaderMap::new(), view }.header(LOCATION, location)
    }

    /// 202 with what was accepted and where to follow it.
    pub fn accepted(view: T, location: &str) -> Self {
        Self { status: StatusCode::ACCEPTED, headers: HeaderMap::new(), view }.header(LOCATION, location)
    }

    /// With the version as ETag.
    #[must_use]
    pub fn version(self, version: u64) -> Self {
        self.header(ETAG, &format!("\"{version}\""))
    }

    /// Marks a reply that was given before.
    #[must_use]
    pub fn replayed(self) -> Self {
        self.header(http::HeaderName::from_static("idempotency-replayed"), "true")
    }

    fn header(mut self, name: http::HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.view).unwrap_or_default();
        let mut response = (self.status, self.headers, body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// 204.
#[derive(Clone, Copy, Debug)]
pub struct Gone;

impl IntoResponse for Gone {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// The problems that operations of one kind are answered with: for descriptions.
pub mod refused {
    use std::collections::BTreeMap;

    use kernel::problem::{CATALOGUE, Kind};
    use utoipa::openapi::header::{Header, HeaderBuilder};
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
    use utoipa::{IntoResponses, ToSchema};

    use crate::meta::ProblemBody;

    fn name(status: u16) -> String {
        format!("Problem{status}")
    }

    fn responses(statuses: &[u16]) -> BTreeMap<String, RefOr<Response>> {
        let named = |status: &u16| (status.to_string(), RefOr::Ref(Ref::from_response_name(name(*status))));
        statuses.iter().map(named).collect()
    }

    /// What a refusal says in headers, as a list of names and descriptions.
    fn headers(kind: &Kind) -> Vec<(&'static str, Header)> {
        let header = |description: &str, schema: Type| {
            HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(schema))).description(Some(description)).build()
        };
        if kind.status != 429 {
            return Vec::new();
        }
        let limits = "The limits: a list of `\"name\";q=requests;w=seconds`.";
        let left = "What is left of them: a list of `\"name\";r=requests;t=seconds`.";
        vec![
            ("retry-after", header("Seconds until there is something left.", Type::Integer)),
            ("ratelimit-policy", header(limits, Type::String)),
            ("ratelimit", header(left, Type::String)),
        ]
    }

    /// Every problem response by its name: operations refer to these.
    pub(crate) fn named() -> BTreeMap<String, RefOr<Response>> {
        let titles = |status| {
            let titles = CATALOGUE.iter().filter(|kind| kind.status == status).map(|kind| kind.title);
            titles.collect::<Vec<_>>().join(". ") + "."
        };
        let response = |kind: &Kind| {
            let body = Content::new(Some(Ref::from_schema_name(ProblemBody::name())));
            let response = ResponseBuilder::new().description(titles(kind.status)).content("application/problem+json", body);
            let response = headers(kind).into_iter().fold(response, |response, (name, header)| response.header(name, header));
            (name(kind.status), RefOr::T(response.build()))
        };
        CATALOGUE.iter().map(response).collect()
    }

    macro_rules! kinds {
        ($($name:ident = $doc:literal, [$($status:literal),*];)*) => {$(
            #[doc = $doc]
            #[derive(Clone, Copy, Debug)]
            pub struct $name;
            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    responses(&[$($status),*])
                }
            }
        )*};
    }

    kinds! {
        Listing = "A list is asked for.", [401, 403, 422, 429, 500, 503];
        Finding = "One thing is asked for.", [401, 403, 404, 422, 429, 500, 503];
        Creating = "A body makes something new.", [400, 401, 403, 409, 413, 415, 422, 429, 500, 503];
        Changing = "A body changes something.", [400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503];
        Deleting = "Something is deleted.", [401, 403, 404, 409, 412, 422, 429, 500, 503];
    }
}

/// Closed sets of words in bodies and views: for descriptions.
pub mod words {
    use domain::account::{Cause, Checked, Health, OnUnknown};
    use domain::attachment;
    use domain::consent::Said;
    use domain::conversation;
    use domain::deal;
    use domain::engagement::Act;
    use domain::export;
    use domain::field;
    use domain::flows::assign::Strategy;
    use domain::gate::Check;
    use domain::import::{self, Encoding as Letters};
    use domain::mailbox::Sight;
    use domain::message::{Mark, Status, Verdict, Wait};
    use domain::notification::About;
    use domain::price::Per;
    use domain::rule::Log;
    use domain::rule::condition::Op;
    use domain::run;
    use domain::series;
    use domain::suppression::Reason;
    use domain::task::{Did, Kind, Priority, State as Doing, Way};
    use domain::template::Use;
    use domain::{Channel, Role};
    use providers::sms::Encoding;
    use providers::{BounceClass, EventKind, MediaKind, Wish};
    use render::{Engine, Markup, Type as Holds};
    use serde::Serialize;
    use utoipa::openapi::RefOr;
    use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

    use crate::runs::Deeds;

    /// The schema of those words.
    pub(crate) fn words(words: &[impl Serialize]) -> RefOr<Schema> {
        let words = words.iter().map(|word| serde_json::to_value(word).unwrap_or_default());
        RefOr::T(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build().into())
    }

    /// `sets! { ThingWord = "Thing", "What it says.", [Thing::One]; }` makes the schema of a closed set of words.
    macro_rules! sets {
        ($($shape:ident = $name:literal, $doc:literal, $words:expr;)*) => {$(
            #[doc = $doc]
            #[derive(Clone, Copy, Debug)]
            pub struct $shape;
            impl utoipa::PartialSchema for $shape {
                fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                    $crate::reply::words::words(&$words[..])
                }
            }
            impl utoipa::ToSchema for $shape {
                fn name() -> std::borrow::Cow<'static, str> {
                    std::borrow::Cow::Borrowed($name)
                }
            }
        )*};
    }
    pub(crate) use sets;

    sets! {
        AssignStrategyWord = "AssignStrategy", "By what a member of a team is chosen.", [Strategy::RoundRobin, Strategy::Load];
        ChannelWord = "Channel", "What messages travel by.", Channel::ALL;
        ActWord = "EngagementAct", "What a contact did, or what became of what was sent to them.", Act::ALL;
        AttachmentStateWord = "AttachmentState", "How far a file is.", attachment::State::ALL;
        OriginWord = "AttachmentOrigin", "Who brings a file.", attachment::Origin::ALL;
        DealStatusWord = "DealStatus", "Whether a deal is still to be decided.", deal::Status::ALL;
        FieldKindWord = "FieldKind", "What a custom field holds.", field::Holds::ALL;
        ObjectWord = "FieldObject", "What can have custom fields.", field::Object::ALL;
        SaidWord = "ConsentAnswer", "What a person said to being written to.", Said::ALL;
        ConversationStatusWord = "ConversationStatus", "Whether somebody is to answer.", [conversation::Status::Open];
        WishWord = "Wish", "What a sender wants of all future messages.", [Wish::Stop, Wish::Start, Wish::Help];
        CauseWord = "OutageCause", "What was wrong with an account that was not used.", [Cause::Silent, Cause::Refused];
        CheckedWord = "AccountCheckState", "What came of a look at an account.",
            [Checked::Pending, Checked::Passed, Checked::Failed, Checked::Impossible];
        ExportStateWord = "ExportState", "How far an export is.", export::State::ALL;
        HealthWord = "AccountHealth", "Whether an account works.", [Health::Working, Health::Silent, Health::Refused];
        EncodingWord = "Encoding", "How a text message travels.", [Encoding::Gsm7, Encoding::Ucs2];
        PerWord = "PricePer", "What a price is for.", [Per::Message, Per::Segment];
        OnUnknownWord = "OnUnknown", "What to do when nobody knows.", [OnUnknown::Hold, OnUnknown::Resend];
        ReasonWord = "SuppressionReason", "Why an address is suppressed.",
            [Reason::HardBounce, Reason::Complaint, Reason::Unsubscribe, Reason::Manual];
        ConditionWord = "ConditionOp", "What is asked of a field.", Op::ALL;
        DeedWord = "RunActionState", "How far an action is.",
            [Deeds::Pending, Deeds::Done, Deeds::Failed, Deeds::Skipped];
        RuleLogWord = "RuleLog", "Which runs of a rule are noted: those whose conditions held, or all.", [Log::Matched, Log::All];
        RunStateWord = "RunState", "How far a run is.", run::State::ALL;
        NotificationWord = "NotificationKind", "What a user is told.", About::ALL;
        ReminderWayWord = "ReminderWay", "How somebody is reminded.", Way::ALL;
        RoleWord = "Role", "What a person or key may be.", Role::ALL;
        MarkWord = "Milestone", "What a message has reached, and is counted under.", Mark::ALL;
        SeriesStatusWord = "SeriesStatus", "Whether a series goes on.", series::State::ALL;
        SightWord = "MailboxResult", "Whether a mailbox could be read.", [Sight::Read, Sight::Refused, Sight::Failed];
        StatusWord = "MessageStatus", "Where a message is.", Status::ALL;
        TaskDeedWord = "TaskDeedKind", "What happened to a task.", Did::ALL;
        TaskKindWord = "TaskKind", "What a task is.", Kind::ALL;
        TaskPriorityWord = "TaskPriority", "How much a task matters.", Priority::ALL;
        TaskStatusWord = "TaskStatus", "How far a task is.", Doing::ALL;
        WaitWord = "Wait", "Why a message waits.",
            [Wait::Schedule, Wait::QuietHours, Wait::Retry, Wait::Outage, Wait::Token, Wait::Pace, Wait::DayLimit, Wait::Evidence,
              Wait::Resend];
        VerdictWord = "Verdict", "What a provider's answer meant.",
            [Verdict::Sent, Verdict::Retry, Verdict::Limited, Verdict::Rejected, Verdict::Undeliverable, Verdict::Misconfigured,
             Verdict::Unknown];
        EventWord = "EventKind", "What happened to a message after it was sent.",
            [EventKind::Sent, EventKind::Delayed, EventKind::Delivered, EventKind::Bounced, EventKind::Complained,
             EventKind::Rejected, EventKind::RenderingFailed, EventKind::Opened, EventKind::Clicked, EventKind::Replied,
             EventKind::Unsubscribed];
        ImportModeWord = "ImportMode", "What may happen to what rows are of.", import::Mode::ALL;
        ImportObjectWord = "ImportObject", "What rows are of.", import::Noun::ALL;
        ImportStateWord = "ImportState", "How far an import is.", import::State::ALL;
        LetterWord = "ImportEncoding", "How letters of a file are written.", [Letters::Utf8, Letters::Latin1];
        MediaWord = "MediaKind", "What a file is to its recipient.", MediaKind::ALL;
        BounceWord = "BounceClass", "Why a message came back.", [BounceClass::Hard, BounceClass::Soft, BounceClass::Block];
        CheckWord = "GateCheck", "What is checked before a message goes out, in this order.", Check::ALL;
        UseWord = "TemplateUse", "What a template is for.", [Use::Message, Use::Layout];
        EngineWord = "Engine", "The language of a template.", [Engine::Jinja, Engine::Go];
        MarkupWord = "Markup", "What the html part is written in.", [Markup::Html, Markup::Mjml];
        VariableWord = "VariableKind", "What a variable holds.",
            [Holds::Text, Holds::Number, Holds::Boolean, Holds::Date, Holds::List, Holds::Object];
    }
}
