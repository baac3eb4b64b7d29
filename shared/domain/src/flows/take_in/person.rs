//! Who a message is from: the address, and the contact that it belongs to or that is made for it.

use kernel::ids::{CompanyId, ContactId, SuppressionId};
use kernel::{Email, Phone, Result, Time};
use providers::{Inbound as Came, Wish};
use store::{Stored, TenantScope, Write};

use super::SOURCE;
use crate::address::Suppressed;
use crate::consent::{Evidence, Said};
use crate::contact::Handle;
use crate::flows::Context;
use crate::flows::gather::find_rows;
use crate::flows::keep_contact::own;
use crate::flows::suppress::{address_row, declared, enter};
use crate::suppression::Reason;
use crate::{Account, Address, Channel, Contact, Suppression};

/// Where a message comes from.
pub(super) struct Sender {
    pub(super) channel: Channel,
    pub(super) address: String,
    pub(super) key: String,
}

/// The rows of a person, as they are to become.
pub(super) struct Person<'a> {
    sender: &'a Sender,
    address: Stored<Address>,
    /// The address as it was read.
    before: Address,
    pub(super) id: ContactId,
    /// The company that the person belongs to, once it was looked for.
    pub(super) company: Option<CompanyId>,
    /// The contact, when it is being made (at version 0) or changed.
    contact: Option<Stored<Contact>>,
}

impl<'a> Person<'a> {
    /// The person behind the address, or a new one.
    pub(super) async fn of(context: &Context, scope: &TenantScope, sender: &'a Sender, came: &Came) -> Result<Self> {
        let address = address_row(context, scope, sender.channel, &sender.key).await?;
        let before = address.row.clone();
        if let Some(id) = before.contact {
            return Ok(Self { sender, address, before, id, company: None, contact: None });
        }
        let id = ContactId::new(&context.ids, &context.clock);
        let row = stranger(id, sender, came, context.clock.now())?;
        let mut made = Self { sender, address, before, id, company: None, contact: Some(Stored { row, version: 0 }) };
        if let Some(contact) = &mut made.contact {
            own(&mut made.address.row, &mut contact.row, &sender.key);
        }
        Ok(made)
    }

    /// Whether nobody knew of the person before.
    pub(super) const fn is_new(&self) -> bool {
        self.before.contact.is_none()
    }

    /// Does what the sender wants of all future messages: who says stop is left alone by this channel at this address, and who
    /// says start takes back that word alone, neither a complaint nor what the tenant decided. Whether there is now something to
    /// confirm.
    pub(super) async fn heed(
        &mut self,
        context: &Context,
        scope: &TenantScope,
        came: &Came,
        wish: Wish,
        writes: &mut Vec<Write>,
    ) -> Result<bool> {
        let channel = self.sender.channel;
        let standing = self.address.row.suppressed(channel);
        match (wish, standing) {
            (Wish::Stop, None) => {
                let address = &mut self.address.row;
                let entry = enter(context, address, channel, &self.sender.key, Reason::Unsubscribe, SOURCE);
                writes.push(scope.creating(&entry)?);
                self.tell_contact(scope, Some(Reason::Unsubscribe)).await?;
                writes.extend(self.declaring(context, scope, came, Said::Withdrawn)?);
                Ok(true)
            }
            (Wish::Start, Some(Suppressed { reason: Reason::Unsubscribe, id })) => {
                writes.extend(erased(scope, id).await?);
                self.address.row.suppress(channel, None);
                self.tell_contact(scope, None).await?;
                writes.extend(self.declaring(context, scope, came, Said::Granted)?);
                Ok(true)
            }
            (Wish::Help, _) => Ok(true),
            (Wish::Stop | Wish::Start, _) => Ok(false),
        }
    }

    /// The write that keeps the word as what the contact said.
    fn declaring(&self, context: &Context, scope: &TenantScope, came: &Came, said: Said) -> Result<Option<Write>> {
        let evidence = Evidence::by(SOURCE).showing(came.text.as_deref().unwrap_or_default());
        let declared = |contact| declared(context, contact, self.sender.channel, said, &evidence);
        self.contact.as_ref().map(declared).map(|declared| scope.creating(&declared)).transpose()
    }

    /// The contact knows too what stands against the address.
    async fn tell_contact(&mut self, scope: &TenantScope, reason: Option<Reason>) -> Result<()> {
        if self.contact.is_none() {
            self.contact = scope.read_now::<Contact>(self.id).await?;
        }
        if let Some(contact) = &mut self.contact {
            contact.row.suppress(self.sender.channel, &self.sender.key, reason);
        }
        Ok(())
    }

    /// Finds the company that the person belongs to. A contact that was read for something else is not read again.
    pub(super) async fn find_company(&mut self, scope: &TenantScope) -> Result<()> {
        self.company = match &self.contact {
            Some(contact) => contact.row.company_id,
            None => scope.read::<Contact>(self.id).await?.and_then(|contact| contact.row.company_id),
        };
        Ok(())
    }

    /// Notes that the person has written, which opens the channel's window by the account that it was written to.
    pub(super) fn hear(&mut self, account: &Account, came: &Came, now: Time) {
        if account.window_hours().is_some() && came.speaks() {
            self.address.row.hear(account.id, came.at.min(now), now);
        }
    }

    /// Notes that the wish is confirmed now; false when one like it was confirmed a short while ago.
    pub(super) fn confirm(&mut self, wish: Wish, now: Time) -> bool {
        self.address.row.confirm(self.sender.channel, wish, now)
    }

    /// What is to be written of all this.
    pub(super) fn writes(&self, scope: &TenantScope) -> Result<Vec<Write>> {
        let address = (self.address.row != self.before).then(|| scope.replacing(&self.address));
        let contact = self.contact.as_ref().map(|contact| scope.replacing(contact));
        let made = self.contact.as_ref().filter(|contact| contact.version == 0);
        let words = made.map(|contact| find_rows(&contact.row)).unwrap_or_default();
        let words = words.iter().map(|row| scope.hanging(row));
        address.into_iter().chain(contact).chain(words).collect()
    }
}

/// The entry that lists show, to be erased; none when somebody else has erased it.
async fn erased(scope: &TenantScope, id: SuppressionId) -> Result<Option<Write>> {
    scope.read_now::<Suppression>(id).await?.map(|entry| scope.erasing(&entry)).transpose()
}

/// A contact for somebody who was never heard of.
fn stranger(id: ContactId, sender: &Sender, came: &Came, now: Time) -> Result<Contact> {
    let mut contact = Contact::blank(id, now);
    contact.source = Some(SOURCE.to_owned());
    if let Some(name) = came.name.as_deref().and_then(|name| crate::name::title(name).ok()) {
        let (first, last) = name.split_once(char::is_whitespace).unwrap_or((&name, ""));
        contact.first_name = Some(first.to_owned());
        contact.last_name = Some(last.trim().to_owned()).filter(|last| !last.is_empty());
    }
    if sender.channel == Channel::Email {
        contact.emails.push(Email::parse(&sender.address)?);
    } else if sender.channel.by_phone() {
        contact.phones.push(Phone::kept(&sender.key)?);
    } else {
        contact.handles.push(Handle { channel: sender.channel, address: sender.address.clone() });
    }
    Ok(contact)
}
