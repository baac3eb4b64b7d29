//! The envelopes of `automation` and `collect`: what each brings, a poisoned neighbour, and what comes of the others.

use automation::Automation;
use aws::Files;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use collect::Way;
use collect::imap::Imap;
use domain::flows::catalog::Catalog;
use domain::flows::connect;
use domain::mailbox::{Sight, State};
use domain::{Account, Contact, Event, Mailbox, Rule, Tenant};
use kernel::ids::{AccountId, ContactId};
use net::names::Reach;
use serde_json::{Value, json};

use super::{CONTACT, House, TENANT, file, read};

/// Ids that stand in these files alone.
const EVENT: &str = "evt_019cadc5f0007d40a3b4c5d6e7f80955";
const MAILBOX: &str = "acc_019cac1000007b20a1b2c3d4e5f60719";
const RULES: [&str; 2] = ["rul_019cac4000007d40c3d4e5f607182901", "rul_019cac4000007d40c3d4e5f607182902"];

/// The jobs of a file, and the id of the second, which is none.
fn jobs(name: &str) -> (SqsEvent, String) {
    let event: SqsEvent = serde_json::from_str(&file(name)).unwrap();
    let poison = event.records[1].message_id.clone().unwrap();
    (event, poison)
}

fn failed(response: &SqsBatchResponse) -> Vec<&str> {
    response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect()
}

/// A rule that gives the contact a tag.
fn rule(id: &str, trigger: &str, now: kernel::Time) -> Rule {
    let actions = json!([{ "update_contact": { "add_tags": [trigger] } }]).to_string();
    read(json!({
        "id": id, "name": trigger, "trigger": trigger, "actions": actions, "enabled": true, "since": now.plus_seconds(-86_400),
        "created_at": now, "updated_at": now,
    }))
}

/// An event of a caller's and one of the house's own, which rules wait for.
pub(super) async fn automation() {
    let House { stage, scope } = House::new().await;
    let now = stage.clock.now();
    for (id, trigger) in RULES.into_iter().zip(["contact.created", "shop.visited"]) {
        assert!(scope.create(&rule(id, trigger, now)).await.unwrap());
    }
    let event: Event =
        read(json!({ "id": EVENT, "name": "shop.visited", "occurred_at": now, "about": { "contact": CONTACT } }));
    assert!(scope.create(&event).await.unwrap());
    let automation = Automation {
        store: stage.store.clone(),
        context: stage.context.clone(),
        files: Files::None,
        catalog: Catalog::new(stage.clock.clone()),
    };
    for _ in 0..2 {
        let (event, poison) = jobs("automation");
        assert_eq!(failed(&automation::handle(&automation, event).await), [poison.as_str()]);
        stage.drain().await;
        let contact = scope.find::<Contact>(ContactId::parse(CONTACT).unwrap()).await.unwrap();
        let mut tags = contact.row.tags;
        tags.sort();
        assert_eq!((tags.join(" ").as_str(), contact.version), ("contact.created shop.visited", 3), "each rule once");
    }
}

/// A mailbox that is looked at for the first time, by a job that comes twice.
pub(super) async fn collect() {
    let House { stage, scope } = House::new().await;
    let (stub, now) = (stub::imap::Stub::start().await, stage.clock.now());
    let tenant = scope.find::<Tenant>(kernel::ids::TenantId::parse(TENANT).unwrap()).await.unwrap().row;
    let settings = json!({ "host": "127.0.0.1", "port": stub.port, "security": "none", "username": "shop" });
    let credentials: Value = json!({ "password": "hunter2" });
    let account: Account = read(json!({
        "id": MAILBOX, "name": "Help", "channel": "email", "provider": "imap", "settings": settings.to_string(),
        "credentials": connect::seal(&stage.vault, &tenant, &credentials).await.unwrap(), "priority": 100, "enabled": true,
        "on_unknown": "hold", "route": "mailbox", "created_at": now, "updated_at": now,
    }));
    connect::create(&stage.context.keys, &scope, &account).await.unwrap();
    let collector = stage.another_collector(Way { imap: Imap::new(Reach::Anywhere), ..Way::nowhere() });
    let (event, poison) = jobs("collect");
    assert_eq!(failed(&collect::handle(&collector, event).await), [poison.as_str()]);
    assert_eq!(stub.mailbox().connections, 1, "the job that comes again is void");
    let mailbox = scope.find::<Mailbox>(Mailbox::at(AccountId::parse(MAILBOX).unwrap())).await.unwrap().row;
    let looked = mailbox.looked.unwrap();
    assert_eq!((looked.result, mailbox.state, looked.at), (Sight::Read, State::Resting, now));
    assert!(mailbox.mark.is_some(), "what comes from now on is new");
    stage.drain().await;
}
