//! Keeping what people write to a tenant. A message, its receipt and its conversation move together, with what the sender wants of
//! all future messages, with the confirmation of that, with the message of ours that it answers, and with the first message of a person
//! the contact and the address that it is found by: all of them are there, or none.

use aws::Files;
use kernel::ids::{ConversationId, InboundId};
use kernel::{Error, Result};
use providers::Inbound as Came;
use store::{Stored, TenantScope, Write};

use super::{Context, attach};
use crate::conversation::{LABEL, Status, Thread};
use crate::inbound::Receipt;
use crate::message::cut;
use crate::{Account, Conversation, Inbound, address};

mod answer;
mod confirm;
mod person;

use answer::Answer;
use person::{Person, Sender};

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
    /// The provider found it to be that, and it is kept out.
    Unwanted(&'static str),
}

/// Takes in a message that came through the account. Its files are stored first.
pub async fn take_in(context: &Context, files: &Files, scope: &TenantScope, account: &Account, came: &Came) -> Result<Taken> {
    if let Some(why) = came.unwanted {
        return Ok(Taken::Unwanted(why));
    }
    let channel = account.channel;
    let Ok(address) = address::parse(channel, &came.from) else { return Ok(Taken::Nobody) };
    let key = address::key(channel, &address)?;
    let sender = Sender { channel, address, key };
    let digest = Receipt::digest(&context.keys, account.id, came);
    let parts = attach::parts(context, account, &digest, came);
    for round in 0..TRIES {
        if let Some(receipt) = scope.read_now::<Receipt>(Receipt::at(&digest)).await? {
            return Ok(Taken::Before(receipt.row.inbound));
        }
        if round == 0 {
            attach::store(files, scope, &parts).await?;
        }
        let mut person = Person::of(context, scope, &sender, came).await?;
        let mut writes = Vec::new();
        let mut confirmed = None;
        if let Some(wish) = came.wish
            && person.heed(context, scope, came, wish, &mut writes).await?
            && confirm::is_expected(channel, came)
        {
            confirmed = Some(wish);
        }
        person.find_company(scope).await?;
        if let Some(wish) = confirmed {
            writes.extend(confirm::confirm(context, scope, account, &sender, &mut person, wish)?);
        }
        person.hear(account, came, context.clock.now());
        writes.extend(person.writes(scope)?);
        let mut conversation = conversation(context, scope, account, &person, came, &mut writes).await?;
        let contact = Some(person.id).filter(|_| !person.is_new());
        let answer = Answer { context, scope, account, sender: &sender, contact, conversation: &conversation.row, came };
        writes.extend(answer.noting(&digest).await?);
        let id = InboundId::new(&context.ids, &context.clock);
        let mut kept = Inbound::of(id, conversation.row.id, account.id, &sender.address, came);
        (kept.contact, kept.company, kept.channel) = (Some(person.id), person.company, Some(channel));
        for (file, part) in kept.files.iter_mut().zip(&parts) {
            file.attachment = Some(part.row.id);
        }
        let row = &mut conversation.row;
        row.address.clone_from(&sender.address);
        row.status = Status::Open;
        row.unread = row.unread.saturating_add(1);
        row.received = row.received.saturating_add(1);
        row.last_at = id.made_at();
        if came.speaks() && !came.automatic && came.wish.is_none() {
            row.awaiting.get_or_insert(id.made_at());
        }
        row.preview = kept.preview();
        let receipt = Receipt { digest: digest.clone(), conversation: row.id, inbound: id };
        writes.extend([scope.creating(&receipt)?, scope.replacing(&conversation)?, scope.creating(&kept)?]);
        writes.extend(attach::writes(scope, &parts)?);
        if scope.transact(writes).await?.is_none() {
            return Ok(Taken::Kept(id));
        }
    }
    Err(Error::unavailable("a conversation is being changed too fast"))
}

/// The conversation that the message belongs to, or a new one at version 0 and the write that makes it findable.
async fn conversation(
    context: &Context,
    scope: &TenantScope,
    account: &Account,
    person: &Person<'_>,
    came: &Came,
    writes: &mut Vec<Write>,
) -> Result<Stored<Conversation>> {
    let thread = came.thread.as_deref();
    let digest = Thread::digest(&context.keys, person.id, account.channel, account.id, thread);
    // Of a contact that is being made there is none yet.
    let found = if person.is_new() { None } else { scope.read_now::<Thread>(Thread::at(&digest)).await? };
    if let Some(found) = found {
        let conversation = scope.read_now::<Conversation>(found.row.conversation).await?;
        return conversation.ok_or_else(|| Error::internal("a thread leads to no conversation"));
    }
    let now = context.clock.now();
    let row = Conversation {
        id: ConversationId::new(&context.ids, &context.clock),
        contact: person.id,
        channel: account.channel,
        account: account.id,
        address: String::new(),
        thread: thread.map(|thread| cut(thread, LABEL)),
        status: Status::Open,
        unread: 0,
        last_at: now,
        preview: String::new(),
        created_at: now,
        received: 0,
        awaiting: None,
        answered: None,
    };
    writes.push(scope.creating(&Thread { digest, conversation: row.id })?);
    Ok(Stored { row, version: 0 })
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use kernel::ids::{AccountId, TenantId};
    use kernel::{Clock, Email, Ids, Keys, Secret, Time};
    use providers::{Mailbox, Wish};
    use serde_json::json;
    use store::memory::Faults;
    use store::{Listing, Memory, Store, Table};

    use super::*;
    use crate::account::OnUnknown;
    use crate::suppression::Reason;
    use crate::{Channel, Contact, Message};

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
            registration: None,
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
            take_in(&self.context, &Files::None, &self.scope, &self.account, came).await.unwrap()
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
        assert_eq!(w.cost(&first).await, (14.0, 2.0, 3), "message, receipt, conversation, thread, contact, its word, address");
        assert_eq!(w.cost(&came("SM2", "Hello?")).await, (6.0, 5.0, 7), "message, receipt, conversation");
        assert_eq!(w.cost(&first).await, (0.0, 1.0, 1), "a repetition");
        let stop = came("SM4", "Stop");
        assert_eq!(w.cost(&stop).await, (16.0, 5.0, 6), "and entry, address, contact, what it said, confirmation");
        assert_eq!(w.cost(&came("SM5", "Stop")).await, (6.0, 4.5, 6), "what was heard before");
        let elsewhere = World {
            account: Account { channel: Channel::Whatsapp, provider: "twilio_whatsapp".to_owned(), ..w.account.clone() },
            ..world()
        };
        elsewhere.take(&first).await;
        let now = Came { at: elsewhere.context.clock.now(), ..came("SM2", "Hello?") };
        assert_eq!(elsewhere.cost(&now).await, (8.0, 5.0, 7), "and the address, which opens the window");
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
            assert_eq!(w.all::<Message>().await.len(), 1, "seed {seed}: one stop, one confirmation");
            let rows = w.scope.page_below::<Inbound>(&conversations[0].id.hex(), 100, None).await.unwrap().rows;
            assert_eq!(rows.len(), 3, "seed {seed}");
        }
    }
}
