//! Keeping what people write to a tenant. A message, its receipt and its conversation move together, and with the first message of
//! a person the contact and the address that it is found by: all of them are there, or none.

use kernel::ids::{ContactId, ConversationId, InboundId};
use kernel::{Email, Error, Phone, Result};
use providers::{Inbound as Came, Wish};
use store::{Stored, TenantScope, Write};

use super::Context;
use super::keep_contact::own;
use super::suppress::{address_row, lift, suppress};
use crate::contact::Handle;
use crate::conversation::{LABEL, Status, Thread};
use crate::inbound::Receipt;
use crate::message::cut;
use crate::suppression::Reason;
use crate::{Account, Address, Channel, Contact, Conversation, Inbound, address};

/// How often the transaction is tried against other writers of the same rows.
const TRIES: usize = 8;
/// What brought a contact or suppression about that somebody's own message led to.
const SOURCE: &str = "inbound";

/// What became of a message that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is kept.
    Kept(InboundId),
    /// It was kept before.
    Before(InboundId),
    /// It is from what is no address of the channel, such as the name of a carrier: there is nobody to keep it for.
    Nobody,
}

/// Whom a message is from.
struct Sender {
    channel: Channel,
    address: String,
    key: String,
}

/// Takes in a message that came through the account. What the sender wants of future messages is done first, so that a message
/// with a receipt is one whose wish was heard.
pub async fn take_in(context: &Context, scope: &TenantScope, account: &Account, came: &Came) -> Result<Taken> {
    let channel = account.channel;
    let Ok(address) = address::parse(channel, &came.from) else { return Ok(Taken::Nobody) };
    let key = address::key(channel, &address)?;
    let sender = Sender { channel, address, key };
    let digest = Receipt::digest(&context.keys, account.id, came);
    for _ in 0..TRIES {
        if let Some(receipt) = scope.read_now::<Receipt>(Receipt::at(&digest)).await? {
            return Ok(Taken::Before(receipt.row.inbound));
        }
        heed(context, scope, &sender, came.wish).await?;
        let id = InboundId::new(&context.ids, &context.clock);
        let mut writes = Vec::new();
        let contact = contact(context, scope, &sender, came, &mut writes).await?;
        let mut conversation = conversation(context, scope, account, contact, came, &mut writes).await?;
        let kept = Inbound::of(id, conversation.row.id, account.id, &sender.address, came);
        let row = &mut conversation.row;
        row.address.clone_from(&sender.address);
        row.status = Status::Open;
        row.unread = row.unread.saturating_add(1);
        row.last_at = context.clock.now();
        row.preview = kept.preview();
        let receipt = Receipt { digest: digest.clone(), conversation: row.id, inbound: id };
        writes.extend([scope.creating(&receipt)?, scope.replacing(&conversation)?, scope.creating(&kept)?]);
        if scope.transact(writes).await?.is_none() {
            return Ok(Taken::Kept(id));
        }
    }
    Err(Error::unavailable("a conversation is being changed too fast"))
}

/// Does what the sender wants of all future messages: who says stop is left alone by this channel at this address, and who says
/// start takes back that word alone, neither a complaint nor what the tenant decided.
async fn heed(context: &Context, scope: &TenantScope, sender: &Sender, wish: Option<Wish>) -> Result<()> {
    match wish {
        Some(Wish::Stop) => {
            suppress(context, scope, sender.channel, &sender.address, Reason::Unsubscribe, SOURCE).await.map(drop)
        }
        Some(Wish::Start) => {
            let address = address_row(context, scope, sender.channel, &sender.key).await?;
            let left = address.row.suppressed(sender.channel).filter(|standing| standing.reason == Reason::Unsubscribe);
            match left {
                Some(standing) => match lift(context, scope, standing.id).await {
                    // Somebody else lifted it, or what weighs more has taken its place.
                    Err(Error::NotFound { .. }) => Ok(()),
                    done => done,
                },
                None => Ok(()),
            }
        }
        Some(Wish::Help) | None => Ok(()),
    }
}

/// The contact that the address belongs to, or the writes that make one.
async fn contact(
    context: &Context,
    scope: &TenantScope,
    sender: &Sender,
    came: &Came,
    writes: &mut Vec<Write>,
) -> Result<ContactId> {
    let mut address: Stored<Address> = address_row(context, scope, sender.channel, &sender.key).await?;
    if let Some(known) = address.row.contact {
        return Ok(known);
    }
    let id = ContactId::new(&context.ids, &context.clock);
    let mut contact = Contact::blank(id, context.clock.now());
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
    own(&mut address.row, &mut contact, &sender.key);
    writes.extend([scope.replacing(&address)?, scope.creating(&contact)?]);
    Ok(id)
}

/// The conversation that the message belongs to, or a new one at version 0 and the write that makes it findable.
async fn conversation(
    context: &Context,
    scope: &TenantScope,
    account: &Account,
    contact: ContactId,
    came: &Came,
    writes: &mut Vec<Write>,
) -> Result<Stored<Conversation>> {
    let thread = came.thread.as_deref();
    let digest = Thread::digest(&context.keys, contact, account.channel, account.id, thread);
    // Of a contact that is being made there is none yet.
    let found = if writes.is_empty() { scope.read_now::<Thread>(Thread::at(&digest)).await? } else { None };
    if let Some(found) = found {
        let conversation = scope.read_now::<Conversation>(found.row.conversation).await?;
        return conversation.ok_or_else(|| Error::internal("a thread leads to no conversation"));
    }
    let now = context.clock.now();
    let row = Conversation {
        id: ConversationId::new(&context.ids, &context.clock),
        contact,
        channel: account.channel,
        account: account.id,
        address: String::new(),
        thread: thread.map(|thread| cut(thread, LABEL)),
        status: Status::Open,
        unread: 0,
        last_at: now,
        preview: String::new(),
        created_at: now,
    };
    writes.push(scope.creating(&Thread { digest, conversation: row.id })?);
    Ok(Stored { row, version: 0 })
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use kernel::ids::{AccountId, TenantId};
    use kernel::{Clock, Ids, Keys, Secret, Time};
    use providers::Mailbox;
    use serde_json::json;
    use store::memory::Faults;
    use store::{Listing, Memory, Store, Table};

    use super::*;
    use crate::account::OnUnknown;

    struct World {
        memory: Memory,
        faults: Faults,
        scope: TenantScope,
        context: Context,
        account: Account,
    }

    fn world() -> World {
        let (ids, clock) = (Ids::seeded(3), Clock::manual(Time::parse("2026-03-02T09:30:00Z").unwrap()));
        let faults = Faults::none();
        let memory = Memory::new(faults.clone());
        let store = Store::new(Table::Memory(memory.clone()));
        let (scope, _) = store.platform().found(TenantId::new(&ids, &clock), "acme", "Acme").unwrap();
        let account = Account {
            id: AccountId::new(&ids, &clock),
            name: "Main".to_owned(),
            channel: Channel::Sms,
            provider: "twilio_sms".to_owned(),
            from: Some(Mailbox { email: Email::parse("hello@acme.example").unwrap(), name: None }),
            settings: json!({}),
            credentials: String::new(),
            priority: 100,
            terms: crate::Terms::default(),
            enabled: true,
            on_unknown: OnUnknown::Hold,
            route: "route".to_owned(),
            outage: None,
            probe_at: None,
            check: None,
            asking: None,
            outages: Vec::new(),
            created_at: clock.now(),
            updated_at: clock.now(),
        };
        let keys = Keys::derive(&Secret::new("the deployment secret of a test, for it alone")).unwrap();
        World { memory, faults, scope, context: Context { clock, ids, keys }, account }
    }

    fn came(id: &str, text: &str) -> Came {
        let (from, text) = ("+14155550123".to_owned(), Some(text.to_owned()));
        Came { id: id.to_owned(), wish: Wish::of(text.as_deref().unwrap_or_default()), from, text, ..Came::default() }
    }

    impl World {
        async fn take(&self, came: &Came) -> Taken {
            take_in(&self.context, &self.scope, &self.account, came).await.unwrap()
        }

        /// Write units, read units and requests of taking it in.
        async fn cost(&self, came: &Came) -> (f64, f64, u64) {
            let before = self.memory.bill();
            self.take(came).await;
            let bill = self.memory.bill().since(before);
            (bill.write_units, bill.read_units, bill.requests)
        }

        async fn all<E: store::Entity>(&self) -> Vec<E> {
            let listing = Listing { limit: 100, after: None, since: None, until: None };
            let page = self.scope.list::<E>(&listing, self.context.clock.now(), |_| true).await.unwrap();
            page.rows.into_iter().map(|stored| stored.row).collect()
        }
    }

    #[tokio::test]
    async fn the_bill_of_a_message() {
        let w = world();
        let first = came("SM1", "Hello");
        assert_eq!(w.cost(&first).await, (12.0, 2.0, 3), "message, receipt, conversation, thread, contact, address");
        assert_eq!(w.cost(&came("SM2", "Hello?")).await, (6.0, 4.0, 5), "message, receipt, conversation");
        assert_eq!(w.cost(&first).await, (0.0, 1.0, 1), "a repetition");
        let nobody = Came { from: "CARRIER".to_owned(), ..came("SM3", "Hello") };
        assert_eq!(w.cost(&nobody).await, (0.0, 0.0, 0), "a message from nobody");
    }

    #[tokio::test]
    async fn side_by_side_there_is_one_person_and_one_conversation() {
        for seed in 0..50 {
            let w = world();
            w.faults.interleave(seed);
            let messages = [came("SM1", "Hello"), came("SM1", "Hello"), came("SM2", "Stop"), came("SM3", "Stop")];
            let taken = join_all(messages.iter().map(|one| w.take(one))).await;
            let kept = taken.iter().filter(|one| matches!(one, Taken::Kept(_))).count();
            assert_eq!(kept, 3, "seed {seed}: {taken:?}");
            let (contacts, conversations) = (w.all::<Contact>().await, w.all::<Conversation>().await);
            assert_eq!((contacts.len(), conversations.len()), (1, 1), "seed {seed}");
            assert_eq!((conversations[0].unread, conversations[0].contact), (3, contacts[0].id), "seed {seed}");
            assert_eq!(w.all::<crate::Suppression>().await.len(), 1, "seed {seed}");
            let stands = contacts[0].suppression_of(Channel::Sms, "+14155550123");
            assert_eq!(stands, Some(Reason::Unsubscribe), "seed {seed}: the contact knows too");
            let rows = w.scope.page_below::<Inbound>(&conversations[0].id.hex(), 100, None).await.unwrap().rows;
            assert_eq!(rows.len(), 3, "seed {seed}");
        }
    }
}
