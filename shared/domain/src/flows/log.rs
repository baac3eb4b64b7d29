//! Logging activities: the row, and the description beside it when that is long. What an activity refers to must be there. When nobody
//! says with which company it was, it was with the one of the contact, or else of the deal, as they are then.

use std::collections::{HashMap, HashSet};

use kernel::error::Faults;
use kernel::ids::{CompanyId, ContactId, DealId, TeamId, UserId};
use kernel::{Error, Result};
use store::schema::Locator;
use store::{Entity, Stored, TenantScope, Write};

use crate::activity::Text;
use crate::archive::Kept;
use crate::{Activity, Company, Contact, Deal, Team, User};

/// What activities refer to and is there: read once for all of them.
#[derive(Debug, Default)]
pub struct Known {
    /// Contacts, each with the company that it belongs to.
    contacts: HashMap<ContactId, Option<CompanyId>>,
    companies: HashSet<CompanyId>,
    /// Deals, each with its company.
    deals: HashMap<DealId, Option<CompanyId>>,
    users: HashSet<UserId>,
    teams: HashSet<TeamId>,
    /// The contact and deal that an activity has already, if it is not new.
    before: Option<(Option<ContactId>, Option<DealId>)>,
}

impl Known {
    /// Reads what the activities refer to, in one batch for each kind.
    pub async fn read(scope: &TenantScope, activities: &[&Activity]) -> Result<Self> {
        let contacts = activities.iter().filter_map(|activity| activity.contact).collect();
        let companies = activities.iter().filter_map(|activity| activity.company).collect();
        let deals = activities.iter().filter_map(|activity| activity.deal).collect();
        let users = activities.iter().flat_map(|activity| [activity.assignee, activity.owner]).flatten().collect();
        let teams = activities.iter().filter_map(|activity| activity.team).collect();
        let contacts = rows::<_, Contact>(scope, contacts).await?;
        let deals = rows::<_, Deal>(scope, deals).await?;
        Ok(Self {
            contacts: contacts.into_iter().map(|(id, contact)| (id, contact.company_id)).collect(),
            companies: there::<_, Company>(scope, companies).await?,
            deals: deals.into_iter().map(|(id, deal)| (id, deal.company_id)).collect(),
            users: there::<_, User>(scope, users).await?,
            teams: there::<_, Team>(scope, teams).await?,
            before: None,
        })
    }

    /// What an activity refers to already may be gone by now, and stays.
    #[must_use]
    pub fn trusting(mut self, before: &Activity) -> Self {
        if let Some(contact) = before.contact {
            self.contacts.entry(contact).or_default();
        }
        self.companies.extend(before.company);
        if let Some(deal) = before.deal {
            self.deals.entry(deal).or_default();
        }
        self.users.extend([before.assignee, before.owner].into_iter().flatten());
        self.teams.extend(before.team);
        self.before = Some((before.contact, before.deal));
        self
    }

    /// Refuses an activity that refers to what is not there. One of which nobody says with which company it was is given the one that
    /// contact or deal belongs to, when these are said.
    pub fn check(&self, activity: &mut Activity) -> Result<()> {
        let mut faults = Faults::default();
        if activity.contact.is_some_and(|id| !self.contacts.contains_key(&id)) {
            faults.add("/contact_id", "unknown", "no such contact");
        }
        if activity.company.is_some_and(|id| !self.companies.contains(&id)) {
            faults.add("/company_id", "unknown", "no such company");
        }
        if activity.deal.is_some_and(|id| !self.deals.contains_key(&id)) {
            faults.add("/deal_id", "unknown", "no such deal");
        }
        for (pointer, user) in [("/assignee", activity.assignee), ("/owner", activity.owner)] {
            if user.is_some_and(|id| !self.users.contains(&id)) {
                faults.add(pointer, "unknown", "no such user");
            }
        }
        if activity.team.is_some_and(|id| !self.teams.contains(&id)) {
            faults.add("/team", "unknown", "no such team");
        }
        faults.check()?;
        let said = self.before.map_or(activity.company.is_none(), |before| before != (activity.contact, activity.deal));
        if activity.follows && said {
            activity.company = self.company_of(activity);
        }
        Ok(())
    }

    /// The company of its contact, or else of its deal.
    fn company_of(&self, activity: &Activity) -> Option<CompanyId> {
        let contact = activity.contact.and_then(|id| self.contacts.get(&id).copied().flatten());
        contact.or_else(|| activity.deal.and_then(|id| self.deals.get(&id).copied().flatten()))
    }
}

/// Those of the ids that there are.
pub(super) async fn there<I, E>(scope: &TenantScope, ids: HashSet<I>) -> Result<HashSet<I>>
where
    I: Copy + Eq + std::hash::Hash + Into<Locator>,
    E: Entity + Clone,
{
    Ok(rows::<I, E>(scope, ids).await?.into_iter().map(|(id, _)| id).collect())
}

/// The things of those ids that there are, in one batch.
async fn rows<I, E>(scope: &TenantScope, ids: HashSet<I>) -> Result<Vec<(I, E)>>
where
    I: Copy + Into<Locator>,
    E: Entity + Clone,
{
    let ids: Vec<I> = ids.into_iter().collect();
    let at: Vec<Locator> = ids.iter().map(|id| (*id).into()).collect();
    let found = scope.read_many_now::<E>(&at).await?;
    Ok(ids.into_iter().zip(found).filter_map(|(id, row)| Some((id, row?.row))).collect())
}

/// The writes of a new activity and of its description, when that is long.
pub(super) fn creating(scope: &TenantScope, activity: &mut Activity, description: Option<String>) -> Result<Vec<Write>> {
    let text = activity.describe(description).map(|text| scope.creating(&text));
    [Some(scope.creating(activity)), text].into_iter().flatten().collect()
}

/// Writes a new activity with its description. One of this id is there when an earlier try of the same request got this far.
pub async fn create(scope: &TenantScope, activity: &mut Activity, description: Option<String>) -> Result<()> {
    let writes = creating(scope, activity, description)?;
    if writes.len() == 1 {
        // A transaction costs twice as much.
        scope.create(activity).await?;
        return Ok(());
    }
    scope.transact(writes).await?;
    Ok(())
}

/// Writes a changed activity over the version it was read at. Answers with its new version.
pub async fn replace(scope: &TenantScope, before: &Activity, activity: &Stored<Activity>, text: Option<Text>) -> Result<u64> {
    let standing = if before.long { scope.read_now::<Text>(Text::at(before.id)).await? } else { None };
    let beside = match (standing, text) {
        (None, None) => return scope.replace(activity).await,
        (Some(standing), Some(text)) if standing.row == text => return scope.replace(activity).await,
        (Some(standing), Some(text)) => scope.replacing(&Stored { row: text, version: standing.version })?,
        (None, Some(text)) => scope.creating(&text)?,
        (Some(standing), None) => scope.erasing(&standing)?,
    };
    both(scope, activity, scope.replacing(activity)?, beside).await?;
    Ok(activity.version.saturating_add(1))
}

/// Deletes an activity with its description.
pub async fn delete(scope: &TenantScope, activity: &Stored<Activity>) -> Result<()> {
    let text = if activity.row.long { scope.read_now::<Text>(Text::at(activity.row.id)).await? } else { None };
    match text {
        None => scope.erase(activity).await,
        Some(text) => both(scope, activity, scope.erasing(activity)?, scope.erasing(&text)?).await,
    }
}

/// Deletes the row of an activity that is in a pack. What another process has done meanwhile is done.
pub(super) async fn delete_packed(scope: &TenantScope, kept: &Kept) -> Result<()> {
    match delete(scope, &kept.stored()).await {
        Ok(()) | Err(Error::NotFound { .. } | Error::Stale { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The description of an activity at hand, wherever it stands.
pub async fn description(scope: &TenantScope, activity: &Activity) -> Result<Option<String>> {
    if !activity.long {
        return Ok(activity.description.clone());
    }
    Ok(scope.read_now::<Text>(Text::at(activity.id)).await?.map(|text| text.row.words))
}

async fn both(scope: &TenantScope, activity: &Stored<Activity>, row: Write, text: Write) -> Result<()> {
    match scope.transact(vec![row, text]).await? {
        None => Ok(()),
        Some(_) => Err(Error::Stale { version: scope.find::<Activity>(activity.row.id).await?.version }),
    }
}
