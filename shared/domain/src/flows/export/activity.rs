//! Activities as rows, with the address or domain of whom they were with. What is for some of the tenant's people alone stays out:
//! whoever has the file sees all of it.

use std::collections::{BTreeMap, BTreeSet};

use kernel::ids::{ActivityId, CompanyId, ContactId, UserId};
use kernel::{Email, Phone, Result, Time};
use serde::Serialize;
use store::schema::Locator;
use store::{Entity, Listing, TenantScope};

use super::{Sheet, fields, own};
use crate::flows::retrieve;
use crate::import::cells::list;
use crate::{Activity, Company, Contact};

pub(super) const HEADER: [&str; 22] = [
    "id",
    "deal_id",
    "type",
    "subject",
    "description",
    "contact.email",
    "contact.phone",
    "company.domain",
    "status",
    "direction",
    "duration",
    "scheduled_at",
    "completed_at",
    "location",
    "outcome",
    "priority",
    "assignee",
    "owner",
    "team",
    "visibility",
    "tags",
    "fields",
];

/// What rows tell beside the activities themselves.
struct Beside {
    descriptions: BTreeMap<ActivityId, String>,
    contacts: BTreeMap<ContactId, Contact>,
    companies: BTreeMap<CompanyId, Company>,
}

/// One page, at hand and of the archive, and a batch of reads for each kind of thing that it speaks of.
pub(super) async fn page(scope: &TenantScope, listing: &Listing, now: Time) -> Result<Sheet> {
    let page = retrieve::page(scope, listing, now, |activity| activity.visibility.is_usual()).await?;
    let activities: Vec<&Activity> = page.rows.iter().map(|found| &found.row).collect();
    let long: Vec<ActivityId> = activities.iter().filter(|activity| activity.long).map(|activity| activity.id).collect();
    let beside = Beside {
        descriptions: retrieve::descriptions(scope, &long, now).await?,
        contacts: read(scope, activities.iter().filter_map(|activity| activity.contact).collect()).await?,
        companies: read(scope, activities.iter().filter_map(|activity| activity.company).collect()).await?,
    };
    let rows = activities.iter().map(|activity| cells(activity, &beside).into()).collect();
    Ok(Sheet { rows, next: page.next })
}

/// Things of one kind, in one batch.
async fn read<I: Copy + Ord + Into<Locator>, E: Entity + Clone>(
    scope: &TenantScope,
    ids: BTreeSet<I>,
) -> Result<BTreeMap<I, E>> {
    let places: Vec<Locator> = ids.iter().map(|id| (*id).into()).collect();
    let found = scope.read_many::<E>(&places).await?;
    Ok(ids.into_iter().zip(found).filter_map(|(id, row)| Some((id, row?.row))).collect())
}

fn cells(activity: &Activity, beside: &Beside) -> [String; HEADER.len()] {
    let description = activity.description.as_ref().or_else(|| beside.descriptions.get(&activity.id));
    let contact = activity.contact.and_then(|id| beside.contacts.get(&id));
    let company = activity.company.and_then(|id| beside.companies.get(&id));
    let user = |id: Option<UserId>| id.map(|id| id.to_string()).unwrap_or_default();
    let moment = |time: Option<Time>| time.map(|time| time.to_string()).unwrap_or_default();
    [
        activity.id.to_string(),
        activity.deal.map(|deal| deal.to_string()).unwrap_or_default(),
        word(&activity.form),
        activity.subject.clone(),
        own(description.map(String::as_str)),
        own(contact.and_then(|contact| contact.emails.first()).map(Email::as_str)),
        own(contact.and_then(|contact| contact.phones.first()).map(Phone::as_str)),
        own(company.and_then(|company| company.domains.first()).map(String::as_str)),
        word(&activity.status),
        activity.direction.as_ref().map(word).unwrap_or_default(),
        activity.duration.map(|seconds| seconds.to_string()).unwrap_or_default(),
        moment(activity.scheduled_at),
        moment(activity.completed_at),
        own(activity.location.as_deref()),
        activity.outcome.as_ref().map(word).unwrap_or_default(),
        word(&activity.priority),
        user(activity.assignee),
        user(activity.owner),
        activity.team.map(|team| team.to_string()).unwrap_or_default(),
        word(&activity.visibility),
        list(activity.tags.iter().cloned()),
        fields(&activity.fields),
    ]
}

/// The word of one of a closed set.
fn word(of: &impl Serialize) -> String {
    let value = serde_json::to_value(of).unwrap_or_default();
    own(value.as_str())
}
