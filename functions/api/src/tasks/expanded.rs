//! What tasks point at, for `?expand`.

use std::collections::HashMap;

use domain::flows::retrieve;
use domain::{Activity, Company, Contact, Deal, Task, Viewer};
use kernel::ids::{ActivityId, CompanyId, ContactId, DealId};
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use store::TenantScope;
use utoipa::ToSchema;

use super::view::TaskView;
use crate::activities::view::ActivityView;
use crate::companies::CompanyView;
use crate::contacts::ContactView;
use crate::deals::DealView;
use crate::expand::{Expand, Things};

/// What a task can bring along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Thing {
    Contact,
    Company,
    Deal,
    Activity,
}

/// What a task points at, as it is now. Each is there when it was asked for, and null when it is gone or there never was one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExpandedTask {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ContactView>, required = false)]
    contact: Option<Option<ContactView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CompanyView>, required = false)]
    company: Option<Option<CompanyView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DealView>, required = false)]
    deal: Option<Option<DealView>>,
    /// Null also for those who may not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ActivityView>, required = false)]
    activity: Option<Option<ActivityView>>,
}

/// The things that the tasks of one reply point at.
#[derive(Debug)]
pub(super) struct Referred {
    wanted: bool,
    contacts: Things<ContactId, Contact>,
    companies: Things<CompanyId, Company>,
    deals: Things<DealId, Deal>,
    activities: Option<HashMap<ActivityId, Activity>>,
}

impl Referred {
    /// Reads what is wanted, in one batch for each kind.
    pub(super) async fn read(
        scope: &TenantScope,
        (viewer, now): (&Viewer, Time),
        expand: &Expand<Thing>,
        tasks: impl Iterator<Item = &Task> + Clone + Send,
    ) -> Result<Self> {
        let contacts = tasks.clone().filter_map(|task| task.contact_id);
        let companies = tasks.clone().filter_map(|task| task.company_id);
        let deals = tasks.clone().filter_map(|task| task.deal_id);
        let activities = if expand.wants(&Thing::Activity) {
            Some(seen(scope, (viewer, now), tasks.filter_map(|task| task.activity_id).collect()).await?)
        } else {
            None
        };
        Ok(Self {
            wanted: !expand.is_empty(),
            contacts: Things::read(scope, expand.wants(&Thing::Contact), contacts).await?,
            companies: Things::read(scope, expand.wants(&Thing::Company), companies).await?,
            deals: Things::read(scope, expand.wants(&Thing::Deal), deals).await?,
            activities,
        })
    }

    /// The view with what it points at.
    pub(super) fn beside(&self, task: Task) -> TaskView {
        let activity = |known: &HashMap<ActivityId, Activity>| known.get(&task.activity_id?).cloned().map(ActivityView::from);
        let expanded = self.wanted.then(|| ExpandedTask {
            contact: self.contacts.view(task.contact_id),
            company: self.companies.view(task.company_id),
            deal: self.deals.view(task.deal_id),
            activity: self.activities.as_ref().map(activity),
        });
        let mut view = TaskView::from(task);
        view.expanded = expanded;
        view
    }
}

/// The activities that the viewer may see, at hand or in the archive.
async fn seen(
    scope: &TenantScope,
    (viewer, now): (&Viewer, Time),
    ids: Vec<ActivityId>,
) -> Result<HashMap<ActivityId, Activity>> {
    let found = retrieve::read_many(scope, &ids, now).await?.into_iter().flatten().map(|found| found.row);
    Ok(found.filter(|activity| activity.seen_by(viewer)).map(|activity| (activity.id, activity)).collect())
}
