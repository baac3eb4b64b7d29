//! Conversations: what contacts write to us, kept together by contact, account and thread.

use domain::conversation::Status;
use domain::inbound::File;
use domain::{Channel, Contact, Conversation, Inbound};
use kernel::ids::{AccountId, AttachmentId, ContactId, ConversationId, InboundId};
use kernel::{Result, Time};
use providers::{Location, Wish};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Listing, TenantScope};
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::contacts::ContactView;
use crate::expand::{Expand, Things};
use crate::failure::Failure;
use crate::input::{Id, Params};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged, Unfiltered};
use crate::reply::words::{ChannelWord, ConversationStatusWord, WishWord};
use crate::reply::{Reply, refused};

pub(crate) mod answer;

/// What a contact says to us through one account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationView {
    #[schema(value_type = String, example = "cnv_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: ConversationId,
    #[schema(value_type = String)]
    contact: ContactId,
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    /// The account that messages come through.
    #[schema(value_type = String)]
    account: AccountId,
    /// The address that the latest message came from.
    address: String,
    /// What the provider groups messages by, when it does: a room, a chat other than the contact's own.
    thread: Option<String>,
    /// Whether somebody is to answer.
    #[schema(value_type = ConversationStatusWord)]
    status: Status,
    /// Messages that nobody has read.
    unread: u32,
    /// Since when somebody waits for an answer: when the first message came in that was not answered here.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    awaiting_since: Option<Time>,
    /// When the latest message came in.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    last_at: Time,
    /// The beginning of the latest message.
    preview: String,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// What `?expand` asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expanded: Option<ExpandedConversation>,
}

/// What a conversation can bring along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Companion {
    Contact,
}

/// What a conversation refers to, as it is now: there when it was asked for, and null when it is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExpandedConversation {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ContactView>, required = false)]
    contact: Option<Option<ContactView>>,
}

/// The contacts that the conversations of one reply are with, if they are wanted.
struct Contacts(Option<Things<ContactId, Contact>>);

impl Contacts {
    async fn read(
        scope: &TenantScope,
        expand: &Expand<Companion>,
        conversations: impl Iterator<Item = &Conversation> + Send,
    ) -> Result<Self> {
        if !expand.wants(&Companion::Contact) {
            return Ok(Self(None));
        }
        let contacts = conversations.map(|conversation| conversation.contact);
        Ok(Self(Some(Things::read(scope, true, contacts).await?)))
    }

    /// The view with its contact beside it.
    fn beside(&self, conversation: Conversation) -> ConversationView {
        let contact = conversation.contact;
        let expanded = self.0.as_ref().map(|things| ExpandedConversation { contact: things.view(Some(contact)) });
        ConversationView { expanded, ..conversation.into() }
    }
}

impl From<Conversation> for ConversationView {
    fn from(row: Conversation) -> Self {
        Self {
            id: row.id,
            contact: row.contact,
            channel: row.channel,
            account: row.account,
            address: row.address,
            thread: row.thread,
            status: row.status,
            unread: row.unread,
            awaiting_since: row.awaiting,
            last_at: row.last_at,
            preview: row.preview,
            created_at: row.created_at,
            expanded: None,
        }
    }
}

/// A message that came in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InboundView {
    #[schema(value_type = String, example = "inb_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: InboundId,
    #[schema(value_type = String)]
    conversation: ConversationId,
    /// The provider's id of it.
    provider_id: String,
    /// When it was sent, by the provider's clock.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// When it came in.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// The sender's address.
    from: String,
    /// The sender's name.
    name: Option<String>,
    /// The address that it came to.
    to: Option<String>,
    subject: Option<String>,
    text: Option<String>,
    /// As it came: nobody has cleaned it. Do not show it outside a sandbox.
    html: Option<String>,
    files: Vec<FileView>,
    location: Option<LocationView>,
    /// What a pressed button sent back.
    button: Option<String>,
    /// The provider's id of the message that it answers.
    answers: Option<String>,
    /// Message-IDs that an email refers to, the nearest first.
    references: Vec<String>,
    /// Whether a machine wrote it: never to be answered by a machine.
    automatic: bool,
    /// What the sender wants of all future messages.
    #[schema(value_type = Option<WishWord>)]
    wish: Option<Wish>,
    /// Whether more came than is kept: 16 KiB of text, 64 KiB of HTML, 20 files.
    shortened: bool,
}

/// What is known of a file that came with a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboundFile)]
pub(crate) struct FileView {
    name: Option<String>,
    /// As the sender names it.
    media_type: Option<String>,
    /// Size, when it is known.
    bytes: Option<u64>,
    /// The id that HTML refers to it by.
    content_id: Option<String>,
    /// Where its bytes are, or will be once they are fetched from the provider.
    #[schema(value_type = Option<String>, example = "att_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    attachment: Option<AttachmentId>,
}

/// A place on the map (WGS 84 degrees).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboundLocation)]
pub(crate) struct LocationView {
    latitude: f64,
    longitude: f64,
    name: Option<String>,
    /// Its postal address.
    address: Option<String>,
}

impl From<File> for FileView {
    fn from(file: File) -> Self {
        let File { name, media_type, bytes, content_id, attachment } = file;
        Self { name, media_type, bytes, content_id, attachment }
    }
}

impl From<Location> for LocationView {
    fn from(place: Location) -> Self {
        Self { latitude: place.latitude, longitude: place.longitude, name: place.name, address: place.address }
    }
}

impl From<Inbound> for InboundView {
    fn from(row: Inbound) -> Self {
        Self {
            id: row.id,
            conversation: row.conversation,
            provider_id: row.provider_id,
            at: row.at,
            created_at: row.id.made_at(),
            from: row.from,
            name: row.name,
            to: row.to,
            subject: row.subject,
            text: row.text,
            html: row.html,
            files: row.files.into_iter().map(FileView::from).collect(),
            location: row.location.map(LocationView::from),
            button: row.button,
            answers: row.answers,
            references: row.references,
            automatic: row.automatic,
            wish: row.wish,
            shortened: row.shortened,
        }
    }
}

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConversationFilters {
    /// Conversations by this channel.
    #[param(value_type = Option<ChannelWord>)]
    channel: Option<Channel>,
    /// Conversations with this contact.
    #[param(value_type = Option<String>)]
    contact: Option<ContactId>,
    /// Begun at this moment or later.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Begun before this moment.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// What to bring along in `expanded`: `contact`.
    #[param(value_type = Option<String>, example = "contact")]
    expand: Expand<Companion>,
}

/// Parameters of finding one.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConversationParams {
    /// What to bring along in `expanded`: `contact`.
    #[param(value_type = Option<String>, example = "contact")]
    expand: Expand<Companion>,
}

impl ConversationFilters {
    fn list(&self) -> String {
        format!("conversations {:?}", (self.channel, self.contact, self.since, self.until))
    }

    fn keeps(&self, row: &Conversation) -> bool {
        self.channel.is_none_or(|channel| row.channel == channel) && self.contact.is_none_or(|contact| row.contact == contact)
    }
}

/// Lists conversations, the one begun last first.
#[utoipa::path(get, path = "/v1/conversations", tag = "conversations", operation_id = "list_conversations",
    security(("key" = [])), params(PageParams, ConversationFilters),
    responses((status = 200, description = "A page of conversations.", body = List<ConversationView>), refused::Listing))]
async fn list_conversations(
    caller: Caller<may::Read>,
    Paged(page, filters): Paged<ConversationFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, list) = (&caller.context.keys, filters.list());
    let asked = page.listing(keys, &caller.scope, &list)?;
    let listing = Listing { since: filters.since, until: filters.until, ..asked };
    let now = caller.context.clock.now();
    let found = caller.scope.list::<Conversation>(&listing, now, |row| filters.keeps(row)).await?;
    let contacts = Contacts::read(&caller.scope, &filters.expand, found.rows.iter().map(|found| &found.row)).await?;
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |row| contacts.beside(row.row))))
}

/// Finds a conversation.
#[utoipa::path(get, path = "/v1/conversations/{id}", tag = "conversations", operation_id = "find_conversation",
    security(("key" = [])), params(("id" = String, Path, description = "The conversation's id."), ConversationParams),
    responses((status = 200, description = "The conversation.", body = ConversationView, headers(("etag" = String))),
        refused::Finding))]
async fn find_conversation(
    caller: Caller<may::Read>,
    Id(id): Id<ConversationId>,
    Params(params): Params<ConversationParams>,
) -> Result<Reply<ConversationView>, Failure> {
    let conversation = caller.scope.find::<Conversation>(id).await?;
    let contacts = Contacts::read(&caller.scope, &params.expand, std::iter::once(&conversation.row)).await?;
    Ok(Reply::ok(contacts.beside(conversation.row)).version(conversation.version))
}

/// Lists what came in, newest first. A page of large messages may be shorter than asked for.
#[utoipa::path(get, path = "/v1/conversations/{id}/messages", tag = "conversations",
    operation_id = "list_conversation_messages", security(("key" = [])),
    params(("id" = String, Path, description = "The conversation's id."), PageParams),
    responses((status = 200, description = "A page of messages.", body = List<InboundView>), refused::Finding))]
async fn list_conversation_messages(
    caller: Caller<may::Read>,
    Id(id): Id<ConversationId>,
    Paged(page, Unfiltered {}): Paged<Unfiltered>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, list) = (&caller.context.keys, format!("messages of {id}"));
    let listing = page.listing(keys, &caller.scope, &list)?;
    caller.scope.find::<Conversation>(id).await?;
    let found = caller.scope.page_below::<Inbound>(&id.hex(), listing.limit, listing.after.as_ref()).await?;
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |row| InboundView::from(row.row))))
}

operations!(list_conversations, find_conversation, list_conversation_messages);
