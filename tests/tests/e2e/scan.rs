//! The scan of what is due: it stays for what somebody waits for, gives up for nothing, and lets nothing stand in its way.

use domain::{Company, Message, Task};
use kernel::Time;
use kernel::ids::{CompanyId, MessageId, TaskId, TenantId};
use reminder_scan::{Scanned, Scanner};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::memory::{Fault, Faults};
use store::schema::{Locator, Row};
use store::{Entity, TenantScope};
use tests::{Company as Tenant, Story};

/// A scanner as it is deployed.
fn scanner(stage: &Story) -> Scanner {
    Scanner { store: stage.store.clone(), clock: stage.clock.clone(), stays: true }
}

async fn scan(stage: &Story) -> Scanned {
    reminder_scan::handle(&scanner(stage)).await.unwrap()
}

async fn scope(stage: &Story, acme: &Tenant<'_>) -> TenantScope {
    stage.store.platform().reopen(TenantId::parse(&acme.id).unwrap()).await.unwrap()
}

/// A message that is to go so many milliseconds from now.
async fn later(stage: &Story, acme: &Tenant<'_>, millis: i64) -> MessageId {
    let send_at = stage.clock.now().plus_millis(millis).to_string();
    let order = json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "send_at": send_at });
    MessageId::parse(&acme.send_with(&order).await.id).unwrap()
}

/// How many milliseconds after `began` a message was released.
async fn released(scope: &TenantScope, id: MessageId, began: Time) -> Option<i64> {
    let message = scope.find::<Message>(id).await.unwrap().row;
    (message.state == domain::message::State::Queued).then(|| message.state_at.since(began))
}

#[tokio::test]
async fn it_stays_for_what_is_due_before_the_next_one() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let began = stage.clock.now();
    let mut messages = Vec::new();
    for millis in [31_000, 31_400, 34_000, 56_900, 57_100] {
        messages.push(later(&stage, &acme, millis).await);
    }
    stage.drain().await;

    assert_eq!(scan(&stage).await.moved, 4);
    let rows = scope(&stage, &acme).await;
    let mut moments = Vec::new();
    for message in &messages {
        moments.push(released(&rows, *message, began).await);
    }
    // Each at its moment, but that there is a second or more between two looks. What is due when the next scan has begun is left to that.
    assert_eq!(moments, [Some(31_000), Some(32_000), Some(34_000), Some(56_900), None]);
    assert_eq!(stage.clock.now().since(began), 56_900);
    stage.drain().await;
    assert_eq!(stage.letters().len(), 4);

    stage.clock.advance(3_100).unwrap();
    assert_eq!(scan(&stage).await.moved, 1);
    assert_eq!(released(&rows, messages[4], began).await, Some(60_000));
    assert_eq!(stage.clock.now().since(began), 60_000, "nothing is due soon: it ends at once");
    stage.drain().await;
}

#[tokio::test]
async fn it_does_not_stay_for_what_nobody_waits_for() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let file = json!({ "name": "a.txt", "media_type": "text/plain", "bytes": 3 });
    acme.post("/v1/attachments", &file).await.is(201);
    stage.drain().await;
    stage.clock.advance(86_400_000 - 20_000).unwrap();
    let began = stage.clock.now();
    assert_eq!((scan(&stage).await, stage.clock.now()), (Scanned::default(), began), "housekeeping may be a minute late");
    stage.clock.advance(60_000).unwrap();
    assert_eq!(scan(&stage).await.moved, 1);
}

#[tokio::test]
async fn what_comes_while_it_stays_is_seen_within_five_seconds() {
    let faults = Faults::none();
    let stage = Story::with(faults.clone()).await;
    let acme = stage.tenant("acme").await;
    let began = stage.clock.now();
    later(&stage, &acme, 50_000).await;
    stage.drain().await;
    let rows = scope(&stage, &acme).await;
    let id = TaskId::new(&stage.context.ids, &stage.context.clock);
    let mut task = Task::new(id, "Call".to_owned(), began);
    task.due_at = Some(began.plus_millis(500));
    faults.interleave(7);
    let (scanned, made) = tokio::join!(scan(&stage), async {
        // The scan has seen that there is nothing so early.
        while stage.clock.now() == began {
            tokio::task::yield_now().await;
        }
        rows.create(&task).await
    });
    made.unwrap();
    assert_eq!(scanned.moved, 2);
    let rang = rows.find::<Task>(id).await.unwrap().row.ringing.unwrap();
    assert!((1_000..=10_000).contains(&rang.since(began)), "{} ms", rang.since(began));
    stage.drain().await;
}

#[tokio::test]
async fn a_look_in_which_something_fails_is_repeated() {
    let mut struck = Vec::new();
    // The looks into all shards, and the one release.
    for call in 0..=u64::from(store::schema::DUE_SHARDS) {
        let faults = Faults::none();
        let stage = Story::with(faults.clone()).await;
        let acme = stage.tenant("acme").await;
        let message = later(&stage, &acme, 2_000).await;
        stage.drain().await;
        let began = stage.clock.now();
        stage.clock.advance(2_000).unwrap();
        faults.strike(faults.calls() + call, Fault::Throttle);
        let failed = scan(&stage).await.failed;
        let (_, port, _) = faults.struck()[0];
        assert_eq!(failed, u64::from(port == "table.update"), "{port}");
        let at = released(&scope(&stage, &acme).await, message, began).await.unwrap();
        assert!((2_000..=7_000).contains(&at), "{port}: {at} ms");
        struck.push(port);
        stage.drain().await;
    }
    struck.sort_unstable();
    let looks = vec!["table.query"; store::schema::DUE_SHARDS.into()];
    assert_eq!(struck, [looks, vec!["table.update"]].concat());
}

#[tokio::test]
async fn a_table_that_never_answers_fails_the_scan_at_its_end() {
    let faults = Faults::none();
    let stage = Story::with(faults.clone()).await;
    let (began, calls) = (stage.clock.now(), faults.calls());
    (0..500).for_each(|call| faults.strike(calls + call, Fault::Throttle));
    assert!(reminder_scan::handle(&scanner(&stage)).await.is_err());
    assert_eq!(stage.clock.now().since(began), 57_000, "it tried for all of its minute");
}

/// A row of a kind that no build here knows.
#[derive(Serialize, Deserialize)]
struct Novelty {
    id: CompanyId,
    #[serde(skip)]
    due: Option<Time>,
}

impl Entity for Novelty {
    const ROW: Row = Company::ROW;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn due(&self) -> Option<Time> {
        self.due
    }
}

/// Whoever takes back a deployment finds rows of the newer build in the index.
#[tokio::test]
async fn what_an_older_build_does_not_know_does_not_stand_in_the_way() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let rows = scope(&stage, &acme).await;
    let began = stage.clock.now();
    for number in 0..2_000 {
        let id = CompanyId::new(&stage.context.ids, &stage.context.clock);
        rows.create(&Novelty { id, due: Some(began.plus_millis(number % 20)) }).await.unwrap();
    }
    let mut messages = Vec::new();
    for millis in 1_000..1_040 {
        messages.push(later(&stage, &acme, millis).await);
    }
    stage.drain().await;
    stage.clock.advance(1_040).unwrap();
    let before = stage.memory.bill();
    let scanned = scan(&stage).await;
    assert_eq!((scanned.moved, scanned.unknown), (40, 2_000), "it is left for a build that does");
    assert!(stage.memory.bill().since(before).requests < 40 + 40, "a write for each that moved, and a look for a hundred");
    for message in messages {
        assert!(released(&rows, message, began).await.is_some());
    }
    stage.drain().await;
}
