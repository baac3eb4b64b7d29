//! Entries of timelines as callers see them, and what they tell of.

use std::collections::HashMap;

use domain::activity::Direction;
use domain::entry::{Engagement, Entry, Noun};
use domain::flows::retrieve;
use domain::{Activity, Channel, Deal, Inbound, Message, Task, Viewer, Visibility};
use kernel::ids::{ActivityId, CompanyId, ContactId, ConversationId, DealId, InboundId, MessageId, TaskId, UserId};
use kernel::{Result, Time};
use providers::EventKind;
use serde::Serialize;
use store::TenantScope;
use store::schema::Locator;
use utoipa::ToSchema;

use super::NounWord;
use crate::activities::view::ActivityView;
use crate::activities::words::{DirectionWord, VisibilityWord};
use crate::conversations::InboundView;
use crate::deals::DealView;
use crate::expand::Things;
use crate::messages::view::MessageView;
use crate::reply::words::{ChannelWord, EventWord};
use crate::tasks::view::TaskView;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryView {
    /// Tells it from every other on this timeline.
    id: String,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    #[schema(value_type = NounWord)]
    kind: Noun,
    /// The id of what it tells of.
    #[schema(example = "act_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    subject: String,
    /// Of an activity its type, of a message that came in `stop`, `start` or `help` when it wants that and `automatic` when a machine
    /// wrote it, of anything else what became of it: `created`; `granted:email:news`; of a deal `stage_changed`, `value_changed`,
    /// `owner_changed`, `won`, `lost`, `reopened`; of a task `completed`, `cancelled`, `reopened`, `assigned`, `delegated`, `transferred`.
    #[serde(rename = "type")]
    word: Option<String>,
    /// How far that is; of a `value_changed` the new value. That a message was delivered stands on the message alone.
    status: Option<String>,
    /// What it is about, in a line.
    title: Option<String>,
    #[schema(value_type = Option<ChannelWord>)]
    channel: Option<Channel>,
    #[schema(value_type = Option<DirectionWord>)]
    direction: Option<Direction>,
    /// The user who did it, or is to do it.
    #[schema(value_type = Option<String>)]
    user: Option<UserId>,
    #[schema(value_type = Option<String>)]
    contact_id: Option<ContactId>,
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    #[schema(value_type = Option<String>)]
    deal_id: Option<DealId>,
    /// Where a message that came in stands.
    #[schema(value_type = Option<String>)]
    conversation: Option<ConversationId>,
    /// What people did with a message, and that it came back, oldest first: the first three times of each kind. On the contact's
    /// timeline.
    engagement: Vec<EntryEngagement>,
    #[schema(value_type = VisibilityWord)]
    visibility: Visibility,
    /// What `?expand` asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expanded: Option<ExpandedEntry>,
}

/// Something that came of a message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryEngagement {
    #[schema(value_type = EventWord)]
    kind: EventKind,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
}

/// What an entry tells of, under its noun: as it is now, and null when it is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExpandedEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ActivityView>, required = false)]
    activity: Option<Option<ActivityView>>,
    /// A message that went out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MessageView>, required = false)]
    message: Option<Option<MessageView>>,
    /// A message that came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<InboundView>, required = false)]
    inbound: Option<Option<InboundView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DealView>, required = false)]
    deal: Option<Option<DealView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TaskView>, required = false)]
    task: Option<Option<TaskView>>,
}

impl From<Engagement> for EntryEngagement {
    fn from(Engagement { kind, at }: Engagement) -> Self {
        Self { kind, at }
    }
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.place(),
            at: entry.at,
            kind: entry.noun,
            subject: entry.subject,
            word: entry.word,
            status: entry.status,
            title: entry.title,
            channel: entry.channel,
            direction: entry.direction,
            user: entry.user,
            contact_id: entry.contact,
            company_id: entry.company,
            deal_id: entry.deal,
            conversation: entry.conversation,
            engagement: entry.engagement.into_iter().map(EntryEngagement::from).collect(),
            visibility: entry.visibility,
            expanded: None,
        }
    }
}

/// What the entries of one reply tell of, if it is wanted: one batch of reads for each kind.
pub(super) struct Subjects {
    wanted: bool,
    activities: HashMap<ActivityId, Activity>,
    messages: Things<MessageId, Message>,
    deals: Things<DealId, Deal>,
    tasks: Things<TaskId, Task>,
    inbound: HashMap<InboundId, Inbound>,
}

impl Subjects {
    pub(super) async fn read<'e>(
        scope: &TenantScope,
        wanted: bool,
        (viewer, now): (&Viewer, Time),
        entries: impl Iterator<Item = &'e Entry> + Clone + Send,
    ) -> Result<Self> {
        let activity = |entry: &'e Entry| ActivityId::parse(&entry.subject);
        let message = |entry: &'e Entry| MessageId::parse(&entry.subject);
        let ids: Vec<ActivityId> = entries.clone().filter_map(activity).filter(|_| wanted).collect();
        let found = retrieve::read_many(scope, &ids, now).await?;
        // The entry says what was visible a moment ago.
        let found = found.into_iter().flatten().map(|found| found.row).filter(|activity| activity.seen_by(viewer));
        let activities = found.map(|activity| (activity.id, activity)).collect();
        let messages = Things::read(scope, wanted, entries.clone().filter_map(message)).await?;
        let deal = |entry: &'e Entry| DealId::parse(&entry.subject);
        let deals = Things::read(scope, wanted, entries.clone().filter_map(deal)).await?;
        let tasks = Things::read(scope, wanted, entries.clone().filter_map(|entry| TaskId::parse(&entry.subject))).await?;
        let inbound = if wanted { came_in(scope, entries).await? } else { HashMap::new() };
        Ok(Self { wanted, activities, messages, deals, tasks, inbound })
    }

    /// The view with what it tells of.
    pub(super) fn beside(&self, entry: Entry) -> EntryView {
        let subject = &entry.subject;
        let (activity, message) = (ActivityId::parse(subject), MessageId::parse(subject));
        let inbound = InboundId::parse(subject).filter(|_| self.wanted);
        let expanded = self.wanted.then(|| ExpandedEntry {
            activity: activity.map(|id| self.activities.get(&id).cloned().map(ActivityView::from)),
            message: message.and_then(|id| self.messages.view_with(Some(id), MessageView::brief)),
            deal: DealId::parse(subject).and_then(|id| self.deals.view(Some(id))),
            task: TaskId::parse(subject).and_then(|id| self.tasks.view(Some(id))),
            inbound: inbound.map(|id| self.inbound.get(&id).cloned().map(InboundView::from)),
        });
        EntryView { expanded, ..entry.into() }
    }
}

/// The messages that came in: their conversation finds them.
async fn came_in<'e>(
    scope: &TenantScope,
    entries: impl Iterator<Item = &'e Entry> + Send,
) -> Result<HashMap<InboundId, Inbound>> {
    let stands = |entry: &'e Entry| Some((InboundId::parse(&entry.subject)?, entry.conversation?));
    let (ids, at): (Vec<InboundId>, Vec<Locator>) =
        entries.filter_map(stands).map(|(id, conversation)| (id, Inbound::at(conversation, id))).unzip();
    let found = scope.read_many::<Inbound>(&at).await?;
    Ok(ids.into_iter().zip(found).filter_map(|(id, row)| Some((id, row?.row))).collect())
}
