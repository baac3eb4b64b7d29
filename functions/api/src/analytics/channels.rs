//! How channels and accounts do: delivery, bounces, latency and costs.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::Channel;
use domain::message::Mark;
use domain::statistic::{Dimension, Measure, Way};
use http::HeaderMap;
use kernel::Time;
use kernel::ids::AccountId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::listed::{REACHED, listed};
use super::question::Format;
use super::reading::{Values, read};
use super::span::{COARSE, Span};
use super::sums::{CostSumView, Sums, share};
use super::table::{Told, table, wanted};
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Params;
use crate::operations::operations;
use crate::reply::words::ChannelWord;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// What is asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChannelQuestion {
    /// From the hour of this moment on; 30 days ago when not said.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Up to this moment, the hour it lies in included; now when not said. At most 731 days after `since`.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// This channel only.
    #[param(value_type = Option<ChannelWord>)]
    channel: Option<Channel>,
    /// `csv` answers with a table, as `Accept: text/csv` does.
    #[param(inline)]
    format: Option<Format>,
}

/// How channels and accounts did between two moments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelNumbers {
    /// First moment that is counted: the start of an hour.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// First moment that is not counted any more: the end of an hour.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    /// Each channel, its sum first, and then its accounts.
    channels: Vec<ChannelGroup>,
}

/// A channel, or one account of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelGroup {
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    /// The account; null for the sum of the channel.
    #[schema(value_type = Option<String>)]
    account: Option<AccountId>,
    performance: Performance,
    /// Messages that came in.
    received: i64,
    /// What the messages cost, by currency.
    costs: Vec<CostSumView>,
    /// Where its messages are listed.
    rows: String,
}

/// How an account or channel did. A message counts in the hour of its milestone, a call in the hour in which it was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Performance {
    /// Messages that the provider took, or sent back at once.
    sent: i64,
    delivered: i64,
    bounced: i64,
    complained: i64,
    /// Messages that the provider dropped after taking them; in the sum of a channel those too of which every attempt failed.
    failed: i64,
    /// Delivered of sent; null when nothing was sent.
    delivery_rate: Option<f64>,
    /// Bounced of sent; null when nothing was sent.
    bounce_rate: Option<f64>,
    /// Calls of the provider. A message may need several.
    calls: i64,
    /// Calls in vain for no reason that lies in the message: no answer, a refusal of the account, a limit.
    calls_in_vain: i64,
    /// Share of the calls that were not in vain, between 0 and 1; null when there were none.
    success_rate: Option<f64>,
    /// Mean time until a call was answered or given up; null when there were none.
    mean_latency_ms: Option<i64>,
}

impl From<&Sums> for Performance {
    fn from(sums: &Sums) -> Self {
        let (sent, delivered, bounced) = (sums.count(Mark::Sent), sums.count(Mark::Delivered), sums.count(Mark::Bounced));
        let (calls, vain) = (sums.sum(Measure::Calls), sums.sum(Measure::Vain));
        Self {
            sent,
            delivered,
            bounced,
            complained: sums.count(Mark::Complained),
            failed: sums.count(Mark::Failed),
            delivery_rate: share(delivered, sent),
            bounce_rate: share(bounced, sent),
            calls,
            calls_in_vain: vain,
            success_rate: share(calls - vain, calls),
            mean_latency_ms: (calls > 0).then(|| sums.sum(Measure::Millis) / calls),
        }
    }
}

impl ChannelGroup {
    fn of(span: Span, (channel, account): (Channel, Option<AccountId>), sums: &Sums) -> Self {
        let account_id = account.map(|id| ("account", id.to_string()));
        let rows =
            listed("/v1/messages", REACHED, span, [("channel", channel.as_str().to_owned())].into_iter().chain(account_id));
        let (received, costs) = (sums.sum(Measure::Received), sums.costs());
        Self { channel, account, performance: sums.into(), received, costs, rows }
    }
}

/// Counts how channels and their accounts do.
#[utoipa::path(get, path = "/v1/analytics/channels", tag = "analytics", operation_id = "count_channels",
    security(("key" = [])), params(ChannelQuestion),
    responses((status = 200, description = "The numbers.",
        content((ChannelNumbers = "application/json"), (String = "text/csv"))), refused::Listing))]
async fn count_channels(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    headers: HeaderMap,
    Params(question): Params<ChannelQuestion>,
) -> Result<Told<ChannelNumbers>, Failure> {
    let span = Span::asked(question.since, question.until, api.0.context.clock.now(), COARSE)?;
    let values = question.channel.map_or(Values::Any, |channel| Values::Starting(Way::prefix(channel, None)));
    // Nothing sorts before an account, so the sum of a channel comes first.
    let mut sums: BTreeMap<(Channel, Option<AccountId>), Sums> = BTreeMap::new();
    read(&caller.scope, Dimension::All, &values, span, |value, _, figure, amount| {
        let Some(way) = Way::parse(value) else { return };
        sums.entry((way.channel, None)).or_default().add(figure, amount);
        if way.account.is_some() {
            sums.entry((way.channel, way.account)).or_default().add(figure, amount);
        }
    })
    .await?;
    let channels: Vec<ChannelGroup> = sums.iter().map(|(key, sums)| ChannelGroup::of(span, *key, sums)).collect();
    if wanted(question.format, &headers) {
        let blank = ChannelGroup::of(span, (Channel::Email, None), &Sums::default());
        return Ok(Told::Table(table(&blank, &channels)));
    }
    Ok(Told::Json(Reply::ok(ChannelNumbers { since: span.since, until: span.until, channels })))
}

operations!(count_channels);
