//! The doors: each lets in whom its evidence names, and nobody else. The due index: order, bound, one taker.

use kernel::ids::{AccountId, MessageId, TenantId};
use kernel::{Purpose, Reference, Time};

use super::homes::{Desk, Letter, World, both, keys};
use crate::change::{n, s};
use crate::doors::DUE_LIMIT;
use crate::schema::{self, DUE_SHARDS, attr};
use crate::{Change, Cond, Credential, Due, Job, Outcome, Record};

fn credential(w: &World, digest: &str) -> Credential {
    Credential {
        digest: digest.to_owned(),
        tenant: w.scope.tenant(),
        role: "agent".to_owned(),
        reach: Some("little".to_owned()),
        user: None,
        key: None,
        ends: None,
        used_at: None,
    }
}

#[tokio::test]
async fn a_credential_lets_its_tenant_in_until_it_is_shut_out() {
    for (home, table) in both().await {
        let w = World::new(table);
        let other = w.stranger();
        let card = credential(&w, "d1");
        assert!(w.store.by_credential("d1").await.unwrap().is_none(), "{home}");
        assert!(other.admitting(&card).is_err(), "{home}: a credential of another tenant");
        assert_eq!(w.scope.transact(vec![w.scope.admitting(&card).unwrap()]).await.unwrap(), None);
        assert_eq!(w.scope.transact(vec![w.scope.admitting(&card).unwrap()]).await.unwrap(), Some(0), "{home}: twice");
        let (scope, found) = w.store.by_credential("d1").await.unwrap().unwrap();
        assert_eq!((scope.tenant(), &found), (w.scope.tenant(), &card), "{home}");

        assert_eq!(
            other.transact(vec![other.regrading("d1", "owner", None).unwrap()]).await.unwrap(),
            Some(0),
            "{home}: not theirs"
        );
        assert_eq!(other.transact(vec![other.shutting_out("d1").unwrap()]).await.unwrap(), Some(0), "{home}: not theirs");
        assert_eq!(w.scope.transact(vec![w.scope.regrading("d1", "viewer", Some("less")).unwrap()]).await.unwrap(), None);
        let graded = w.store.by_credential("d1").await.unwrap().unwrap().1;
        assert_eq!((graded.role.as_str(), graded.reach.as_deref()), ("viewer", Some("less")), "{home}");
        assert_eq!(w.scope.transact(vec![w.scope.regrading("d1", "viewer", None).unwrap()]).await.unwrap(), None);
        assert_eq!(w.store.by_credential("d1").await.unwrap().unwrap().1.reach, None, "{home}");
        assert_eq!(w.scope.transact(vec![w.scope.shutting_out("d1").unwrap()]).await.unwrap(), None);
        assert!(w.store.by_credential("d1").await.unwrap().is_none(), "{home}");
        assert!(w.store.by_credential("d#1").await.is_err(), "{home}: no digest has a separator");
    }
}

#[tokio::test]
async fn the_use_of_a_credential_is_noted_once_an_hour_and_never_brings_it_back() {
    for (home, table) in both().await {
        let w = World::new(table);
        let card = credential(&w, "d1");
        w.store.touch_credential(&card, w.clock.now()).await.unwrap();
        assert!(w.store.by_credential("d1").await.unwrap().is_none(), "{home}: an absent credential stays absent");
        w.scope.transact(vec![w.scope.admitting(&card).unwrap()]).await.unwrap();
        assert_eq!(w.scope.last_use("d1").await.unwrap(), None, "{home}");
        let noon = w.clock.now();
        for minutes in [0, 20, 39] {
            w.clock.advance(minutes * 60_000).unwrap();
            w.store.touch_credential(&card, w.clock.now()).await.unwrap();
            assert_eq!(w.scope.last_use("d1").await.unwrap(), Some(noon), "{home}");
        }
        w.clock.advance(60_000).unwrap();
        w.store.touch_credential(&card, w.clock.now()).await.unwrap();
        assert_eq!(w.scope.last_use("d1").await.unwrap(), Some(noon.plus_seconds(3600)), "{home}");
        assert_eq!(w.stranger().last_use("d1").await.unwrap(), None, "{home}: not theirs to know");
    }
}

#[tokio::test]
async fn a_route_leads_to_the_account_that_made_it() {
    for (home, table) in both().await {
        let w = World::new(table);
        let other = w.stranger();
        let account = AccountId::new(&w.ids, &w.clock);
        w.scope.transact(vec![w.scope.routing("ses", "t1", account).unwrap()]).await.unwrap();
        let (scope, found) = w.store.by_route("ses", "t1").await.unwrap().unwrap();
        assert_eq!((scope.tenant(), found), (w.scope.tenant(), account), "{home}");
        assert!(w.store.by_route("sns", "t1").await.unwrap().is_none(), "{home}: another provider");
        assert!(w.store.by_route("ses", "t2").await.unwrap().is_none(), "{home}: another token");
        assert_eq!(other.transact(vec![other.unrouting("ses", "t1").unwrap()]).await.unwrap(), Some(0), "{home}: not theirs");
        assert_eq!(w.scope.transact(vec![w.scope.unrouting("ses", "t1").unwrap()]).await.unwrap(), None);
        assert!(w.store.by_route("ses", "t1").await.unwrap().is_none(), "{home}");
    }
}

#[tokio::test]
async fn references_jobs_and_records_resume_the_tenant_they_name() {
    for (home, table) in both().await {
        let w = World::new(table);
        let letter = w.letter("x");
        w.scope.create(&letter).await.unwrap();
        let token = keys().reference_token(Purpose::Tag, w.scope.tenant(), letter.id);
        let reference = Reference::verify(&keys(), Purpose::Tag, &token).unwrap();
        assert!(w.store.by_reference(&reference).read_now::<Letter>(letter.id).await.unwrap().is_some(), "{home}");

        let key = schema::key(w.scope.tenant(), &schema::MESSAGE, &letter.id.into()).unwrap();
        let record = Record::new(None, w.table.read(&key, true).await.unwrap(), "1".into());
        let evidence = record.internal().unwrap();
        assert_eq!(w.store.resume(&evidence).tenant(), w.scope.tenant(), "{home}");
        assert_eq!(record.new_row::<Letter>().unwrap().row, letter, "{home}");
        assert!(record.new_row::<Desk>().is_none() && record.old_row::<Letter>().is_none(), "{home}");
        let job = Job::decode(&Job::new(&evidence, crate::Task::Message(letter.id), 1).encode()).unwrap();
        assert_eq!(w.store.resume(&job.internal()).tenant(), w.scope.tenant(), "{home}");
    }
}

#[tokio::test]
async fn a_tenant_is_found_once_and_listed_by_the_platform_alone() {
    for (home, table) in both().await {
        let w = World::new(table);
        let mut made = Vec::new();
        for count in 0..5 {
            w.clock.advance(1).unwrap();
            let tenant = TenantId::new(&w.ids, &w.clock);
            let (scope, writes) = w.store.platform().found(tenant, &format!("acme-{count}"), "Acme").unwrap();
            assert_eq!(scope.transact(writes.into()).await.unwrap(), None, "{home}");
            made.insert(0, tenant);
        }
        let (scope, writes) = w.store.platform().found(TenantId::new(&w.ids, &w.clock), "acme-2", "Copycat").unwrap();
        assert_eq!(scope.transact(writes.into()).await.unwrap(), Some(0), "{home}: the slug is taken");
        let month = w.clock.now().month();
        let listed = async |before: Option<TenantId>, limit: u16| -> Vec<TenantId> {
            let page = w.store.platform().tenants(month, before, limit).await.unwrap();
            page.into_iter().map(|listed| listed.id).collect()
        };
        assert_eq!(listed(None, 100).await, made, "{home}");
        assert_eq!(listed(Some(made[1]), 2).await, made[2..4], "{home}");
        assert!(w.store.platform().tenants(month.previous(), None, 9).await.unwrap().is_empty(), "{home}");
    }
}

/// What is due now in all shards, and each shard in the order of time.
async fn due_now(w: &World, limit: u16) -> Vec<Due> {
    let mut found = Vec::new();
    for shard in 0..DUE_SHARDS {
        found.extend(w.store.due(shard, None, w.clock.now(), limit).await.unwrap());
    }
    found
}

async fn sleeping(w: &World, wakes: Time) -> MessageId {
    let letter = Letter { wakes: Some(wakes), ..w.letter("scheduled") };
    w.scope.create(&letter).await.unwrap();
    letter.id
}

#[tokio::test]
async fn what_is_due_comes_in_the_order_of_time_and_not_before() {
    for (home, table) in both().await {
        let w = World::new(table);
        let now = w.clock.now();
        for minute in [5, 1, 9, 3, 7, 2, 8, 4, 6, 0].repeat(3) {
            sleeping(&w, now.plus_seconds(60 * minute)).await;
        }
        w.scope.create(&w.letter("awake")).await.unwrap();
        for minute in 0..10 {
            let due = due_now(&w, 100).await;
            assert_eq!(due.len(), usize::try_from(3 * (minute + 1)).unwrap(), "{home}: at minute {minute}");
            assert!(due.iter().all(|due| due.concerns::<Letter>() && !due.concerns::<Desk>()), "{home}");
            assert!(due.iter().all(|due| due.scope.tenant() == w.scope.tenant()), "{home}");
            w.clock.advance(60_000).unwrap();
        }
        let mut seen = 0;
        for shard in 0..DUE_SHARDS {
            let whole = w.store.due(shard, None, w.clock.now(), DUE_LIMIT).await.unwrap();
            let moments: Vec<_> = whole.iter().map(Due::at).collect();
            assert!(moments.is_sorted(), "{home}: {moments:?}");
            for limit in 0..4 {
                let some = w.store.due(shard, None, w.clock.now(), limit).await.unwrap();
                let expected: Vec<_> = moments.iter().take(usize::from(limit)).copied().collect();
                assert_eq!(some.iter().map(Due::at).collect::<Vec<_>>(), expected, "{home}: the oldest {limit}");
            }
            for (at, last) in whole.iter().enumerate() {
                let some = w.store.due(shard, Some(last), w.clock.now(), 2).await.unwrap();
                let expected: Vec<_> = moments.iter().skip(at + 1).take(2).copied().collect();
                assert_eq!(some.iter().map(Due::at).collect::<Vec<_>>(), expected, "{home}: the two behind number {at}");
            }
            seen += whole.len();
        }
        assert_eq!(seen, 30, "{home}");
    }
}

#[tokio::test]
async fn the_first_to_take_a_due_row_has_it_and_it_leaves_the_index() {
    for (home, table) in both().await {
        let w = World::new(table);
        let id = sleeping(&w, w.clock.now()).await;
        let [first, second] = [due_now(&w, 9).await.remove(0), due_now(&w, 9).await.remove(0)];
        assert_eq!(first.read::<Letter>().await.unwrap().unwrap().row.id, id, "{home}");
        let queue = || Change::new().set(attr::STATE, s("queued"));
        let never = Cond::Is(attr::STATE, s("sent"));
        assert!(first.take::<Letter>(queue(), never).await.unwrap().is_none(), "{home}: its own condition counts too");
        let taken = first.take::<Letter>(queue(), Cond::Present).await.unwrap().unwrap();
        assert_eq!((taken.row.state.as_str(), taken.version), ("queued", 2), "{home}");
        assert!(second.take::<Letter>(queue(), Cond::Present).await.unwrap().is_none(), "{home}: taken twice");
        assert!(due_now(&w, 9).await.is_empty(), "{home}: still due");
    }
}

#[tokio::test]
async fn a_row_moves_in_the_index_and_an_old_find_no_longer_takes_it() {
    for (home, table) in both().await {
        let w = World::new(table);
        let now = w.clock.now();
        let id = sleeping(&w, now).await;
        let found = due_now(&w, 9).await.remove(0);
        let later = Change::new().due(now.plus_seconds(60));
        assert!(matches!(w.scope.change::<Letter>(id, later, Cond::Present).await, Ok(Outcome::Done(_))));
        assert!(due_now(&w, 9).await.is_empty(), "{home}: not due any more");
        assert!(found.take::<Letter>(Change::new(), Cond::Present).await.unwrap().is_none(), "{home}: it was put off");
        w.clock.advance(60_000).unwrap();
        let found = due_now(&w, 9).await.remove(0);
        let again = Change::new().due(now.plus_seconds(120)).add(attr::ATTEMPT, 1);
        assert!(found.take::<Letter>(again, Cond::Below(attr::ATTEMPT, n(3))).await.unwrap().is_some(), "{home}");
        assert!(due_now(&w, 9).await.is_empty(), "{home}");
        w.clock.advance(60_000).unwrap();
        assert_eq!(due_now(&w, 9).await.len(), 1, "{home}: a change may say when the row is due next");
        w.scope.change::<Letter>(id, Change::new().not_due(), Cond::Present).await.unwrap();
        assert!(due_now(&w, 9).await.is_empty(), "{home}: taken out");

        let gone = sleeping(&w, now).await;
        let found = due_now(&w, 9).await.remove(0);
        let row = w.scope.find::<Letter>(gone).await.unwrap();
        w.scope.erase(&row).await.unwrap();
        assert!(found.take::<Letter>(Change::new(), Cond::Present).await.unwrap().is_none(), "{home}: it was erased");
        assert!(found.read::<Letter>().await.unwrap().is_none(), "{home}");
        assert!(due_now(&w, 9).await.is_empty(), "{home}");
    }
}

#[tokio::test]
async fn no_moment_however_far_is_due_too_soon() {
    for (home, table) in both().await {
        let w = World::new(table);
        for far in [Time::from_millis(i64::MAX), Time::from_millis(10_000_000_000_000), Time::from_millis(9_999_999_999_999)] {
            sleeping(&w, far).await;
        }
        assert!(due_now(&w, 9).await.is_empty(), "{home}");
        sleeping(&w, Time::from_millis(-5)).await;
        assert_eq!(due_now(&w, 9).await.len(), 1, "{home}: what is overdue since ever is due");
    }
}
