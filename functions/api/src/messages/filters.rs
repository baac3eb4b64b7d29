//! Which messages a list shows.

use domain::message::{Mark, Status};
use domain::{Category, Channel, Message, Team};
use kernel::ids::{AccountId, ContactId, TeamId, TemplateId, UserId};
use kernel::{Error, Result, Time};
use serde::Deserialize;
use store::TenantScope;
use utoipa::IntoParams;

use super::expanded::Thing;
use crate::analytics::span::{DAY, HOUR, ceiling, floor};
use crate::expand::Expand;
use crate::reply::words::{ChannelWord, MarkWord, StatusWord};
use crate::sought::Sought;
use crate::state::Api;

/// Filters of the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessageFilters {
    /// Messages with this status.
    #[param(value_type = Option<StatusWord>)]
    status: Option<Status>,
    /// Messages to this contact.
    #[param(value_type = Option<String>)]
    contact: Option<ContactId>,
    /// Messages made of this template; `none` for those without one.
    #[param(value_type = Option<String>)]
    template: Option<Sought<TemplateId>>,
    /// Messages sent by this person; `none` for those that no person sent.
    #[param(value_type = Option<String>)]
    user: Option<Sought<UserId>>,
    /// Messages sent by those who are in this team now.
    #[param(value_type = Option<String>)]
    team: Option<TeamId>,
    /// Messages with this tag.
    tag: Option<String>,
    /// Messages of this category.
    #[param(value_type = Option<String>)]
    category: Option<Category>,
    /// Messages of this channel.
    #[param(value_type = Option<ChannelWord>)]
    channel: Option<Channel>,
    /// Messages that reached a milestone by this account; `none` for milestones that belong to no account.
    #[param(value_type = Option<String>)]
    account: Option<Sought<AccountId>>,
    /// Messages that were the first answer to somebody who waited for one, or those that were not. With `account`: answered by it.
    answers: Option<bool>,
    /// Messages that came back or were dropped by their provider, or those that were not.
    came_back: Option<bool>,
    /// Messages that were rehearsed in a sandbox, or those that were not.
    sandbox: Option<bool>,
    /// Messages that reached this milestone.
    #[param(inline, value_type = Option<MarkWord>)]
    reached: Option<Mark>,
    /// Messages that reached a milestone in the hour of this moment or later, whenever they were accepted.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    reached_since: Option<Time>,
    /// Messages that reached a milestone before this moment, the hour it lies in included.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    reached_until: Option<Time>,
    /// Accepted at this moment or later.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) since: Option<Time>,
    /// Accepted before this moment.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) until: Option<Time>,
    /// What to bring along in `expanded`: `contact`, `template`, `account`, separated by commas.
    #[param(value_type = Option<String>, example = "contact,template")]
    pub(super) expand: Expand<Thing>,
}

fn fits<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
    wanted.is_none() || wanted == found
}

impl MessageFilters {
    /// What a page brings along does not make it another list.
    pub(super) fn list(&self) -> String {
        format!("messages {:?}", Self { expand: Expand::default(), ..self.clone() })
    }

    /// Refuses what nothing could fit.
    pub(super) fn check(&self) -> Result<()> {
        match (self.reached_since, self.reached_until) {
            (Some(since), Some(until)) if until <= since => {
                Err(Error::invalid("?reached_until", "range", "reached_until must be later than reached_since"))
            }
            (_, _) => Ok(()),
        }
    }

    /// Before when a message must have been accepted. Nothing is reached before that, but by a provider's clock that is behind ours.
    pub(super) fn before(&self) -> Option<Time> {
        let reached = self.reached_until.map(|until| ceiling(until).plus_millis(DAY));
        [self.until, reached].into_iter().flatten().min()
    }

    /// The team whose members' messages are asked for. One that is not there has none.
    pub(super) async fn team(&self, api: &Api, scope: &TenantScope) -> Result<Option<Team>> {
        match self.team {
            Some(id) => Ok(api.0.catalog.team(scope, id).await?),
            None => Ok(None),
        }
    }

    pub(super) fn keeps(&self, message: &Message, team: Option<&Team>) -> bool {
        let in_team = || message.sender.is_some_and(|sender| team.is_some_and(|team| team.has(sender)));
        fits(self.status.as_ref(), Some(&message.status()))
            && fits(self.contact.as_ref(), message.to.contact.as_ref())
            && fits(self.template.as_ref(), Some(&Sought(message.template.map(|made| made.id))))
            && fits(self.user.as_ref(), Some(&Sought(message.sender)))
            && (self.team.is_none() || in_team())
            && self.tag.as_ref().is_none_or(|tag| self.tags(message).contains(tag))
            && fits(self.category.as_ref(), Some(&message.category))
            && fits(self.channel.as_ref(), Some(&message.channel))
            && self.came_back.is_none_or(|came_back| message.came_back() == came_back)
            && self.sandbox.is_none_or(|sandbox| message.sandbox == sandbox)
            && self.answers.is_none_or(|answers| message.waited.is_some() == answers)
            && self.reaches(message)
    }

    /// Whether it is asked what messages have reached or answered.
    const fn counts(&self) -> bool {
        self.account.is_some() || self.answers.is_some() || self.is_about_milestones()
    }

    const fn is_about_milestones(&self) -> bool {
        self.reached.is_some() || self.reached_since.is_some() || self.reached_until.is_some()
    }

    /// The tags that it is found by: those that it is counted under, when that is asked.
    fn tags<'a>(&self, message: &'a Message) -> &'a [String] {
        if self.counts() { message.counted_tags() } else { &message.tags }
    }

    /// Whether it reached what is asked for: by the very marks that are counted.
    fn reaches(&self, message: &Message) -> bool {
        if self.answers == Some(true) && !self.is_about_milestones() {
            // A wait is counted when the answer is accepted: by the account that it is pinned to.
            return fits(self.account.as_ref(), Some(&Sought(message.pinned)));
        }
        let (since, until) = (self.reached_since.map(|since| floor(since, HOUR)), self.reached_until.map(ceiling));
        !self.counts()
            || message.marks().into_keys().any(|(mark, spot)| {
                fits(self.reached.as_ref(), Some(&mark))
                    && fits(self.account.as_ref(), Some(&Sought(spot.account)))
                    && since.is_none_or(|since| spot.hour >= since)
                    && until.is_none_or(|until| spot.hour < until)
            })
    }
}
