//! A row that makes or changes a contact or company.

use std::future::Future;

use kernel::ids::{CompanyId, ContactId};
use kernel::{Clock, Error, Ids, Result};
use serde_json::Value;
use store::schema::Locator;
use store::{Entity, Stored};

use super::rows::{Desk, Done};
use crate::field::Object;
use crate::flows::gather::is_passing;
use crate::flows::{keep_company, keep_contact};
use crate::import::contact::Row;
use crate::import::{Mode, SOURCE, cells};
use crate::unique::By;
use crate::{Company, Contact};

/// How often a row is tried against other writers of the same thing.
const TRIES: usize = 4;

/// A noun that rows make and change.
pub(super) trait Kept: Entity + Clone + PartialEq + Send + Sync {
    /// Which noun it is.
    const OBJECT: Object;

    /// A new one of which nothing is known.
    fn blank(ids: &Ids, made: &Clock, desk: &Desk<'_>) -> Self;

    /// Carries the row out on it.
    fn fill(&mut self, desk: &Desk<'_>, cells: &[String]) -> impl Future<Output = Result<()>> + Send;

    /// What it has of that which things of its noun are recognised by.
    fn known_by(&self, by: &By) -> Option<Value>;

    /// Where the thing of that id is.
    fn at(id: &str) -> Option<Locator>;

    /// Judges what would be written, and writes nothing.
    fn rehearse(&mut self, desk: &Desk<'_>, before: Option<&Self>) -> impl Future<Output = Result<()>> + Send;

    /// Writes a new one.
    fn create(&mut self, desk: &Desk<'_>) -> impl Future<Output = Result<()>> + Send;

    /// Writes a changed one over the version it was read at.
    fn replace(known: Stored<Self>, desk: &Desk<'_>, before: &Self) -> impl Future<Output = Result<()>> + Send;
}

/// Carries a row out.
pub(super) async fn keep<K: Kept>(desk: &Desk<'_>, line: u64, cells: &[String]) -> Result<Done> {
    let (ids, made) = desk.ids(line);
    let blank = K::blank(&ids, &made, desk);
    for _ in 0..TRIES {
        match attempt(desk, &blank, cells, desk.import.dry_run).await {
            Err(error) if matches!(error, Error::Stale { .. }) || is_passing(&error) => {}
            done => return done,
        }
    }
    // A value that belongs to another thing stands in the way however often it is tried: that is the row's fault, and holds nobody up.
    attempt(desk, &blank, cells, true).await?;
    Err(Error::invalid("", "conflict", format!("the {} is being changed by others", K::ROW.kind)))
}

async fn attempt<K: Kept>(desk: &Desk<'_>, blank: &K, cells: &[String], dry_run: bool) -> Result<Done> {
    let by = desk.import.by.as_ref().ok_or_else(|| Error::internal("an import that recognises nothing"))?;
    let mut wanted = blank.clone();
    wanted.fill(desk, cells).await?;
    match (known(desk, by, &wanted).await?, desk.import.mode) {
        // This very row made it, in a part that was carried out before.
        (Some(known), _) if known.row.locator() == blank.locator() => Ok(Done::Created),
        (Some(_), Mode::Create) => Err(Error::invalid(by.place(), "taken", format!("such a {} is here already", K::ROW.kind))),
        (None, Mode::Update) => Err(Error::invalid(by.place(), "unknown", format!("no such {} is here", K::ROW.kind))),
        (None, Mode::Create | Mode::Upsert) if dry_run => wanted.rehearse(desk, None).await.map(|()| Done::Created),
        (None, Mode::Create | Mode::Upsert) => wanted.create(desk).await.map(|()| Done::Created),
        (Some(mut known), Mode::Update | Mode::Upsert) => {
            let before = known.row.clone();
            known.row.fill(desk, cells).await?;
            if dry_run {
                known.row.rehearse(desk, Some(&before)).await?;
            } else if known.row != before {
                K::replace(known, desk, &before).await?;
            }
            Ok(Done::Updated)
        }
    }
}

/// The thing that has what the row's is recognised by, when it is here already.
async fn known<K: Kept>(desk: &Desk<'_>, by: &By, wanted: &K) -> Result<Option<Stored<K>>> {
    let place = by.place();
    let words = || format!("the {} is recognised by this", K::ROW.kind);
    let value = wanted.known_by(by).ok_or_else(|| Error::invalid(&place, "required", words()))?;
    let holder = desk.sign(K::OBJECT, by).holder(&value).await.map_err(|error| error.under(&place))?;
    match holder.and_then(|id| K::at(&id)) {
        Some(at) => desk.scope.read_now::<K>(at).await,
        None => Ok(None),
    }
}

impl Kept for Contact {
    const OBJECT: Object = Object::Contact;

    fn blank(ids: &Ids, made: &Clock, desk: &Desk<'_>) -> Self {
        let blank = Self::blank(ContactId::new(ids, made), desk.context.clock.now());
        Self { source: Some(SOURCE.to_owned()), silent: desk.silent(1), ..blank }
    }

    async fn fill(&mut self, desk: &Desk<'_>, cells: &[String]) -> Result<()> {
        let mut row = Row::new(self, desk.context.clock.now());
        cells::fill(desk.import, desk.definitions, cells, &mut row)?;
        for (channel, category) in &desk.import.consents {
            row.answer(*channel, category, true);
        }
        if let Some(domain) = row.finish() {
            self.company_id = Some(company_of(desk, domain).await?);
        }
        Ok(())
    }

    fn known_by(&self, by: &By) -> Option<Value> {
        self.known_by(by)
    }

    fn at(id: &str) -> Option<Locator> {
        ContactId::parse(id).map(Locator::from)
    }

    async fn rehearse(&mut self, desk: &Desk<'_>, before: Option<&Self>) -> Result<()> {
        keep_contact::rehearse(desk.context, desk.scope, desk.definitions, before, self).await
    }

    async fn create(&mut self, desk: &Desk<'_>) -> Result<()> {
        keep_contact::create(desk.context, desk.scope, desk.definitions, self, &desk.evidence).await
    }

    async fn replace(mut known: Stored<Self>, desk: &Desk<'_>, before: &Self) -> Result<()> {
        known.row.updated_at = desk.context.clock.now();
        known.row.silent = desk.silent(known.version.saturating_add(1));
        let Desk { context, scope, definitions, evidence, .. } = desk;
        keep_contact::replace(context, scope, definitions, before, &mut known, evidence).await.map(drop)
    }
}

/// The company that has a domain.
async fn company_of(desk: &Desk<'_>, domain: String) -> Result<CompanyId> {
    const PLACE: &str = "/company.domain";
    let holder = desk.sign(Object::Company, &By::Domain).holder(&Value::String(domain)).await;
    let found = holder.map_err(|error| error.under(PLACE))?.and_then(|id| CompanyId::parse(&id));
    found.ok_or_else(|| Error::invalid(PLACE, "unknown", "no such company is here"))
}

impl Kept for Company {
    const OBJECT: Object = Object::Company;

    fn blank(ids: &Ids, made: &Clock, desk: &Desk<'_>) -> Self {
        let id = CompanyId::new(ids, made);
        Self { silent: desk.silent(1), ..Self::new(id, String::new(), desk.context.clock.now()) }
    }

    async fn fill(&mut self, desk: &Desk<'_>, cells: &[String]) -> Result<()> {
        cells::fill(desk.import, desk.definitions, cells, self)
    }

    fn known_by(&self, by: &By) -> Option<Value> {
        self.known_by(by)
    }

    fn at(id: &str) -> Option<Locator> {
        CompanyId::parse(id).map(Locator::from)
    }

    async fn rehearse(&mut self, desk: &Desk<'_>, before: Option<&Self>) -> Result<()> {
        keep_company::rehearse(desk.context, desk.scope, desk.definitions, before, self).await
    }

    async fn create(&mut self, desk: &Desk<'_>) -> Result<()> {
        keep_company::create(desk.context, desk.scope, desk.definitions, self).await
    }

    async fn replace(mut known: Stored<Self>, desk: &Desk<'_>, before: &Self) -> Result<()> {
        known.row.updated_at = desk.context.clock.now();
        known.row.silent = desk.silent(known.version.saturating_add(1));
        keep_company::replace(desk.context, desk.scope, desk.definitions, before, &mut known).await.map(drop)
    }
}
