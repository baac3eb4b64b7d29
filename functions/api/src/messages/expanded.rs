//! What messages refer to, for `?expand`.

use domain::{Account, Contact, Message, Right, Role, Template};
use kernel::Result;
use kernel::ids::{AccountId, ContactId, TemplateId};
use serde::{Deserialize, Serialize};
use store::TenantScope;
use utoipa::ToSchema;

use super::view::{MessageView, account_of};
use crate::accounts::{AccountView, deposit};
use crate::contacts::ContactView;
use crate::expand::{Expand, Things};
use crate::state::Api;
use crate::templates::TemplateView;

/// What a message can bring along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Thing {
    Contact,
    Template,
    Account,
}

/// What a message refers to, as it is now. Each is there when it was asked for, and null when it is gone or there never was one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExpandedMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ContactView>, required = false)]
    contact: Option<Option<ContactView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TemplateView>, required = false)]
    template: Option<Option<TemplateView>>,
    /// Takes the right `accounts.manage`, as reading an account does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<AccountView>, required = false)]
    account: Option<Option<AccountView>>,
}

/// The things that the messages of one reply refer to.
#[derive(Debug)]
pub(super) struct Referred {
    wanted: bool,
    contacts: Things<ContactId, Contact>,
    templates: Things<TemplateId, Template>,
    accounts: Things<AccountId, Account>,
}

impl Referred {
    /// Reads what is wanted, and what the role may see.
    pub(super) async fn read(
        scope: &TenantScope,
        role: Role,
        expand: &Expand<Thing>,
        messages: impl Iterator<Item = &Message> + Clone + Send,
    ) -> Result<Self> {
        let accounts = expand.wants(&Thing::Account);
        if accounts {
            role.check(Right::ManageAccounts)?;
        }
        let contact = |message: &Message| message.to.contact;
        let template = |message: &Message| message.template.as_ref().map(|made| made.id);
        Ok(Self {
            wanted: !expand.is_empty(),
            contacts: Things::read(scope, expand.wants(&Thing::Contact), messages.clone().filter_map(contact)).await?,
            templates: Things::read(scope, expand.wants(&Thing::Template), messages.clone().filter_map(template)).await?,
            accounts: Things::read(scope, accounts, messages.filter_map(account_of)).await?,
        })
    }

    /// The view with what it refers to.
    pub(super) fn beside(&self, api: &Api, scope: &TenantScope, mut view: MessageView) -> MessageView {
        let (contact, template, account) = view.references();
        view.expanded = self.wanted.then(|| ExpandedMessage {
            contact: self.contacts.view(contact),
            template: self.templates.view(template),
            account: self.accounts.view_with(account, |account| deposit::shown(api, scope, account)),
        });
        view
    }
}
