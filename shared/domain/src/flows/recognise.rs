//! Finding the contact or company that has an address, a domain or a unique value: one read.

use kernel::ids::ContactId;
use kernel::{Email, Error, Phone, Result};
use serde_json::Value;
use store::schema::Entity;
use store::{Stored, TenantScope};

use super::Context;
use crate::field::{Definitions, Field, Object};
use crate::unique::{By, Unique};
use crate::{Address, Channel, Contact, company};

/// What things of a noun are recognised by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sign<'a> {
    pub(super) context: &'a Context,
    pub(super) scope: &'a TenantScope,
    pub(super) definitions: &'a Definitions,
    pub(super) object: Object,
    pub(super) by: &'a By,
}

impl Sign<'_> {
    /// Refuses a field that does not tell two things apart.
    pub(super) fn check(&self) -> Result<()> {
        match self.by {
            By::Email | By::Phone | By::Domain => Ok(()),
            By::Field(key) => self.field(key).map(drop),
        }
    }

    fn field(&self, key: &str) -> Result<&Field> {
        let known = self.definitions.of(self.object).find(|field| field.unique && !field.archived && field.key == key);
        known.ok_or_else(|| Error::invalid("", "unknown", "no such field whose values are unique"))
    }

    /// The text of the id of the thing that has that address, domain or value.
    pub(super) async fn holder(&self, value: &Value) -> Result<Option<String>> {
        let text = value.as_str().unwrap_or_default();
        match self.by {
            By::Email => self.addressed(Channel::Email, &Email::parse(text)?.key()).await,
            By::Phone => self.addressed(Channel::Sms, Phone::parse(text)?.as_str()).await,
            By::Domain => self.holding(&Unique::of_domain(&self.context.keys, &company::domain(text)?, String::new())).await,
            By::Field(key) => {
                let field = self.field(key)?;
                self.holding(&Unique::of_field(&self.context.keys, field, &field.read(value)?, String::new())).await
            }
        }
    }

    async fn addressed(&self, channel: Channel, key: &str) -> Result<Option<String>> {
        Ok(owner_id(self.context, self.scope, channel, key).await?.map(|contact| contact.to_string()))
    }

    async fn holding(&self, row: &Unique) -> Result<Option<String>> {
        Ok(self.scope.read_now::<Unique>(row.locator()).await?.map(|held| held.row.of))
    }
}

async fn owner_id(context: &Context, scope: &TenantScope, channel: Channel, key: &str) -> Result<Option<ContactId>> {
    let address = scope.read_now::<Address>(Address::at(&context.keys, channel, key)).await?;
    Ok(address.and_then(|address| address.row.contact))
}

/// The contact that an address belongs to: found by the address's own row, whatever the number of contacts. `key` is its key form.
pub async fn owner(context: &Context, scope: &TenantScope, channel: Channel, key: &str) -> Result<Option<Stored<Contact>>> {
    match owner_id(context, scope, channel, key).await? {
        Some(owner) => scope.read_now::<Contact>(owner).await,
        None => Ok(None),
    }
}
