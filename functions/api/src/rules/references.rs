//! What a rule's actions name must be there: templates, accounts, users and teams of the tenant. What they set must be what the
//! tenant's fields hold.

use std::collections::BTreeMap;

use domain::field::{Definitions, Object};
use domain::rule::Action;
use domain::rule::work::Assignee;
use domain::template::Use;
use domain::{Rule, Template, User};
use kernel::error::Faults;
use kernel::ids::{AccountId, TeamId, UserId};
use kernel::{Error, Result};
use serde_json::Value;
use store::TenantScope;
use store::schema::Locator;

use crate::state::Api;

/// What one action names, each with its place below the action.
#[derive(Debug, Default)]
struct Named<'a> {
    template: Option<&'a str>,
    account: Option<AccountId>,
    team: Option<TeamId>,
    user: Option<(&'static str, UserId)>,
}

impl<'a> Named<'a> {
    fn by(action: &'a Action) -> Self {
        match action {
            Action::SendMessage(message) => {
                Self { template: Some(&message.template), account: message.account, ..Self::default() }
            }
            Action::CallWebhook(post) => Self { account: post.account, ..Self::default() },
            Action::UpdateContact(change) => Self { user: change.owner.map(|owner| ("owner", owner)), ..Self::default() },
            Action::CreateTask(task) => {
                let user = match task.assignee {
                    Some(Assignee::User(user)) => Some(("assignee", user)),
                    Some(Assignee::Owner) | None => None,
                };
                Self { team: task.team, user, ..Self::default() }
            }
            Action::RaiseEvent(_) | Action::LogActivity(_) => Self::default(),
        }
    }
}

/// Notes values that the tenant's fields do not hold. Null takes one away, and holds nothing.
fn check_values(fields: &BTreeMap<String, Value>, definitions: &Definitions, at: &str, faults: &mut Faults) {
    let mut set = fields.clone();
    set.retain(|_, value| !value.is_null());
    let mut found = Faults::default();
    // Whether a field that is needed is there, each contact says for itself.
    definitions.judge(Object::Contact, Some(&BTreeMap::new()), &mut set, &mut found);
    faults.take(at, found.check());
}

/// Refuses a rule that names what is not there. All its users are one request to the table.
pub(crate) async fn check_references(api: &Api, scope: &TenantScope, rule: &Rule) -> Result<()> {
    let (mut faults, mut users, catalog) = (Faults::default(), Vec::new(), &api.0.catalog);
    for (number, action) in rule.actions.iter().enumerate() {
        let at = format!("/actions/{number}/{}", action.as_str());
        let Named { template, account, team, user } = Named::by(action);
        if let Some(template) = template {
            match catalog.template(scope, template).await {
                Ok(template) => usable(&template, &at, &mut faults),
                Err(Error::NotFound { .. }) => faults.add(format!("{at}/template"), "unknown", "no such template"),
                Err(error) => return Err(error),
            }
        }
        if let Action::UpdateContact(change) = action {
            check_values(&change.fields, &*catalog.definitions(scope).await?, &at, &mut faults);
        }
        if let Some(account) = account
            && catalog.account(scope, account).await?.is_none()
        {
            faults.add(format!("{at}/account"), "unknown", "no such account");
        }
        if let Some(team) = team
            && catalog.team(scope, team).await?.is_none()
        {
            faults.add(format!("{at}/team"), "unknown", "no such team");
        }
        users.extend(user.map(|(place, user)| (format!("{at}/{place}"), user)));
    }
    let at: Vec<Locator> = users.iter().map(|(_, user)| (*user).into()).collect();
    for ((pointer, _), found) in users.iter().zip(scope.read_many_now::<User>(&at).await?) {
        if found.is_none() {
            faults.add(pointer, "unknown", "no such user");
        }
    }
    faults.check()
}

fn usable(template: &Template, at: &str, faults: &mut Faults) {
    if template.r#use != Use::Message {
        faults.add(format!("{at}/template"), "layout", "a layout is no message");
    }
}
