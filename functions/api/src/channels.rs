//! Channels: what messages travel by, what each can carry, and through which providers.

use domain::Channel;
use kernel::Result;
use providers::{ButtonRule, Capabilities, EventKind, MediaKind, MediaRule, PROVIDERS};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::operations::operations;
use crate::reply::words::{ChannelWord, EventWord, MediaWord};
use crate::reply::{Reply, refused};

/// Every channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Channels {
    data: Vec<ChannelView>,
}

/// A channel, and what every provider of it can carry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelCapabilities)]
pub(crate) struct ChannelView {
    #[schema(value_type = ChannelWord)]
    channel: Channel,
    /// The providers' words, for accounts.
    #[schema(example = json!(["ses", "smtp"]))]
    providers: Vec<&'static str>,
    /// Most characters of the text.
    text: usize,
    /// Most characters of a title or subject; null where there is none.
    title: Option<usize>,
    /// Whether it shows HTML.
    html: bool,
    /// Files by kind; a kind that is not listed cannot be sent.
    media: Vec<MediaView>,
    /// Most files of one message.
    files: usize,
    /// Most characters of the text that goes with a file; null where a file stands alone.
    caption: Option<usize>,
    /// Null where there are none.
    buttons: Option<ButtonsView>,
    /// Whether it carries a place on the map.
    location: bool,
    /// Whether it knows templates that the provider has approved.
    templates: bool,
    /// Hours after the recipient's last message in which free text may be sent; null for always.
    window_hours: Option<u16>,
    /// What is learnt about a message that was sent.
    #[schema(value_type = Vec<EventWord>)]
    receipts: &'static [EventKind],
    /// Whether recipients can answer.
    inbound: bool,
    /// Whether who says STOP, START or HELP is sent a confirmation, unless the provider sends one itself.
    confirms: bool,
}

/// What files of one kind may be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelMedia)]
pub(crate) struct MediaView {
    #[schema(value_type = MediaWord)]
    kind: MediaKind,
    /// Media types; empty for any.
    types: &'static [&'static str],
    /// Most bytes of one file.
    bytes: u64,
}

/// How many buttons, and how long.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelButtons)]
pub(crate) struct ButtonsView {
    /// Most buttons.
    count: usize,
    /// Most characters of a title.
    title: usize,
    /// Most bytes of what an answer button sends back; 0 where there are links only.
    reply: usize,
}

impl From<Channel> for ChannelView {
    fn from(channel: Channel) -> Self {
        let Capabilities {
            text,
            title,
            html,
            media,
            files,
            caption,
            buttons,
            location,
            templates,
            window_hours,
            receipts,
            inbound,
            confirms,
        } = *channel.capabilities();
        let providers = PROVIDERS.iter().filter(|provider| provider.channel() == channel).map(|provider| provider.id());
        let media = media.iter().map(|MediaRule { kind, types, bytes }| MediaView { kind: *kind, types, bytes: *bytes });
        let buttons = buttons.map(|ButtonRule { count, title, reply }| ButtonsView { count, title, reply });
        Self {
            channel,
            providers: providers.collect(),
            text,
            title,
            html,
            media: media.collect(),
            files,
            caption,
            buttons,
            location,
            templates,
            window_hours,
            receipts,
            inbound,
            confirms,
        }
    }
}

/// Reads what each channel can carry.
#[utoipa::path(get, path = "/v1/channels", tag = "channels", operation_id = "read_channels", security(("key" = [])),
    responses((status = 200, description = "Every channel.", body = Channels), refused::Listing))]
async fn read_channels(_: Caller<may::Read>) -> Result<Reply<Channels>, Failure> {
    Ok(Reply::ok(Channels { data: Channel::ALL.into_iter().map(ChannelView::from).collect() }))
}

operations!(read_channels);
