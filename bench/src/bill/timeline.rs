//! What a page of fifty costs on a timeline of a thousand entries and of a hundred thousand, and of activities.

use domain::Entry;
use domain::entry::Noun;
use http::Method;
use kernel::Time;
use kernel::ids::{ActivityId, ContactId, TenantId};
use serde_json::{Value, json};
use store::{Stored, TenantScope};

use crate::Fallible;
use crate::world::{World, text};

/// Rows of a page that nobody asks to be shorter or longer.
const PAGE: usize = 50;
/// Milliseconds between two entries: all of them lie in the month in which the tenant begins.
const APART: i64 = 1_000;

pub(super) async fn pages() -> Fallible<Value> {
    let (short, long) = (page(1_000).await?, page(100_000).await?);
    Ok(json!({ "of_1000": short, "of_100000": long, "activities_of_1000": activities(1_000).await? }))
}

async fn scope(world: &World) -> Fallible<TenantScope> {
    let found = world.call(Method::GET, "/v1/tenant", None, &[]).await?;
    let tenant = TenantId::parse(&text(&found.body, "/id")?).ok_or("no tenant")?;
    world.stage.store.platform().reopen(tenant).await.map_err(|error| format!("{error:?}").into())
}

/// Read units of a whole first page of a contact's timeline and of the combined one, with that many entries on each.
async fn page(entries: usize) -> Fallible<Value> {
    let world = World::new(1).await?;
    let scope = scope(&world).await?;
    let contact = world.contacts.first().and_then(|id| ContactId::parse(id)).ok_or("no contact")?;
    let now = world.stage.clock.now().millis();
    for number in 0..i64::try_from(entries)? {
        let subject = ActivityId::new(&world.stage.context.ids, &world.stage.clock).to_string();
        let entry = Entry {
            word: Some("call".to_owned()),
            status: Some("completed".to_owned()),
            title: Some("Asked about the invoice".to_owned()),
            contact: Some(contact),
            ..Entry::new(Noun::Activity, subject, Time::from_millis(now - number * APART))
        };
        for row in entry.everywhere() {
            let written = scope.supersede(&Stored { row, version: 1 }).await.map_err(|error| format!("{error:?}"))?;
            if !written {
                return Err("two entries have one place".into());
            }
        }
    }
    let own = world.page_units(&format!("/v1/contacts/{contact}/timeline"), PAGE).await?;
    let combined = world.page_units("/v1/timeline", PAGE).await?;
    world.stage.abandon();
    Ok(json!({ "contact": own, "combined": combined }))
}

/// Read units of the first page of all activities and of a contact's.
async fn activities(count: usize) -> Fallible<Value> {
    let world = World::new(1).await?;
    let contact = world.contacts.first().cloned().unwrap_or_default();
    for _ in 0..count {
        let call = json!({ "type": "call", "subject": "Asked about the invoice", "contact_id": contact });
        world.post("/v1/activities", &call, &[]).await?;
    }
    world.stage.drain().await;
    let all = world.page_units("/v1/activities", PAGE).await?;
    let own = world.page_units(&format!("/v1/activities?contact_id={contact}"), PAGE).await?;
    Ok(json!({ "all": all, "contact": own }))
}
