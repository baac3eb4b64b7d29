//! Who an account's emails are from, as callers say and see it.

use kernel::Email;
use providers::Mailbox;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{double_option, present, put};

/// Who messages are from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SenderView {
    #[schema(value_type = String, format = Email)]
    email: Email,
    name: Option<String>,
}

impl From<Mailbox> for SenderView {
    fn from(Mailbox { email, name }: Mailbox) -> Self {
        Self { email, name }
    }
}

/// Who messages are from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSender {
    #[schema(value_type = String, format = Email)]
    email: Email,
    #[schema(max_length = 200)]
    name: Option<String>,
}

impl From<NewSender> for Mailbox {
    fn from(NewSender { email, name }: NewSender) -> Self {
        Self { email, name: name.map(|name| name.trim().to_owned()) }
    }
}

/// What changes of a sender.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SenderChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, format = Email, required = false)]
    email: Option<Email>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 200)]
    name: Option<Option<String>>,
}

impl SenderChange {
    /// Carries it out.
    pub(super) fn apply(self, from: &mut Mailbox) {
        put(&mut from.email, self.email);
        put(&mut from.name, self.name.map(|name| name.map(|name| name.trim().to_owned())));
    }
}
