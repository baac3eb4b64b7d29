//! Many activities at once: each is taken or refused by itself.

use axum::extract::State;
use domain::Activity;
use domain::flows::log;
use futures_util::future::try_join_all;
use kernel::ids::ActivityId;
use kernel::{Error, Fault, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::ActivityFields;
use super::view::ActivityView;
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Input, Part, Repeatable};
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// Most activities of one request.
const MOST: usize = 100;

/// Activities to write down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewActivities {
    #[schema(value_type = Vec<ActivityFields>, min_items = 1, max_items = 100)]
    activities: Vec<Part>,
}

/// What became of each, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivityResults {
    results: Vec<ActivityResult>,
}

/// What became of one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivityResult {
    /// The new activity; null when it was refused.
    activity: Option<ActivityView>,
    /// Why it was refused, with pointers into the request.
    errors: Vec<ActivityFault>,
}

/// One place of a request that cannot be taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivityFault {
    /// JSON pointer (RFC 6901) into the request.
    #[schema(example = "/activities/3/contact_id")]
    pointer: String,
    code: String,
    detail: String,
}

impl From<Fault> for ActivityFault {
    fn from(fault: Fault) -> Self {
        Self { pointer: fault.pointer, code: fault.code.to_owned(), detail: fault.detail }
    }
}

/// One that can be taken, or what is wrong with it.
type Judged = Result<(Activity, Option<String>), Vec<Fault>>;

/// The faults of the activity in that place; another error concerns the whole request.
fn placed<T>(at: usize, result: Result<T>) -> Result<Result<T, Vec<Fault>>> {
    match result.map_err(|error| error.under(&format!("/activities/{at}"))) {
        Ok(thing) => Ok(Ok(thing)),
        Err(Error::Invalid(faults)) => Ok(Err(faults)),
        Err(error) => Err(error),
    }
}

/// Judges each as if it came alone. What they refer to is read for all of them at once.
async fn judge(api: &Api, caller: &Caller<may::WriteContacts>, given: Vec<Part>) -> Result<Vec<Judged>> {
    let (context, by) = (&caller.context, caller.credential.user);
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    let made = |part: Part| {
        let fields: ActivityFields = part.read()?;
        fields.make(ActivityId::new(&context.ids, &context.clock), by, &definitions, context.clock.now())
    };
    let made = given.into_iter().enumerate().map(|(at, part)| placed(at, made(part)));
    let mut judged: Vec<Judged> = made.collect::<Result<_>>()?;
    let sound: Vec<&Activity> = judged.iter().flatten().map(|(activity, _)| activity).collect();
    let known = log::Known::read(&caller.scope, &sound).await?;
    for (at, one) in judged.iter_mut().enumerate() {
        if let Ok((activity, _)) = one
            && let Err(faults) = placed(at, known.check(activity))?
        {
            *one = Err(faults);
        }
    }
    Ok(judged)
}

/// Writes activities down, each by itself: what is wrong with one keeps no other out. When none can be taken, the whole request is
/// refused.
#[utoipa::path(post, path = "/v1/activities/batch", tag = "activities", operation_id = "create_activities", security(("key" = [])),
    params(Repeatable), request_body = NewActivities,
    responses((status = 200, description = "What became of each.", body = ActivityResults), refused::Creating))]
async fn create_activities(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Input(body): Input<NewActivities>,
) -> Result<Reply<ActivityResults>, Failure> {
    if body.activities.is_empty() || body.activities.len() > MOST {
        return Err(Error::invalid("/activities", "range", format!("1 to {MOST}")).into());
    }
    let judged = judge(&api, &caller, body.activities).await?;
    if judged.iter().all(Result::is_err) {
        let faults = judged.into_iter().filter_map(Result::err).flatten();
        return Err(Error::Invalid(faults.collect()).into());
    }
    let results = try_join_all(judged.into_iter().map(|one| take(&caller, one))).await?;
    Ok(Reply::ok(ActivityResults { results }))
}

async fn take(caller: &Caller<may::WriteContacts>, one: Judged) -> Result<ActivityResult> {
    match one {
        Ok((mut activity, description)) => {
            log::create(&caller.scope, &mut activity, description.clone()).await?;
            let view = ActivityView::described(activity, description);
            Ok(ActivityResult { activity: Some(view), errors: Vec::new() })
        }
        Err(faults) => Ok(ActivityResult { activity: None, errors: faults.into_iter().map(ActivityFault::from).collect() }),
    }
}

operations!(create_activities);
