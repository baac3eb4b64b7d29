//! What a rule would do with an event, without doing it.

use std::collections::BTreeMap;

use kernel::ids::MessageId;
use kernel::{Error, Result};
use render::Strictness;
use serde_json::json;
use store::TenantScope;

pub use super::work::Logged;
use super::{Desk, Scene, act, judge, work};
use crate::event::raised::{object, shifts};
use crate::event::{About, Occurrence, Shift};
use crate::flows::accept::{self, Order, Ways};
use crate::flows::keep_contact;
use crate::flows::report_event::Known;
use crate::rule::action::{RaiseEvent, UpdateContact};
use crate::rule::{Action, Finding, facts};
use crate::{Contact, Message, Rule, Task, User};

/// What was found.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Whether the rule waits for such an event.
    pub waits: bool,
    /// Whether its conditions hold.
    pub holds: bool,
    /// What each of them saw.
    pub findings: Vec<Finding>,
    /// What each action would come to.
    pub steps: Vec<Step>,
}

/// What an action would come to.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Its kind.
    pub kind: &'static str,
    /// Why it could not be done.
    pub why: Option<String>,
    /// To which address a message would go.
    pub to: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// Its text.
    pub text: Option<String>,
    /// What it would change of the contact, by the names of fields.
    pub changes: Option<BTreeMap<String, Shift>>,
    /// The event that it would raise.
    pub event: Option<RaiseEvent>,
    /// The task that it would make.
    pub task: Option<Task>,
    /// The activity that it would write down.
    pub activity: Option<Logged>,
    /// What a task or an activity would do without.
    pub note: Option<String>,
}

/// Whom and what a sample event is about: what it says, and what a real one would say besides. Ids that name nothing of this tenant are
/// refused.
pub async fn about(scope: &TenantScope, name: &str, said: &About) -> Result<About> {
    let mut about = Known::read(scope, &[said]).await?.settle(said)?;
    let nobody = about.contact.is_none() && about.address.is_none();
    if let Some(id) = said.user {
        let user = scope.read_now::<User>(id).await?.ok_or_else(|| Error::invalid("/user", "unknown", "no such user"))?;
        about.address = about.address.or_else(|| Some(user.row.email.to_string()).filter(|_| nobody && name == "user.created"));
    }
    if let Some(id) = said.message {
        let message = scope.read_now::<Message>(id).await?;
        let to = message.ok_or_else(|| Error::invalid("/message", "unknown", "no such message"))?.row.to;
        if nobody {
            (about.contact, about.address) = (to.contact, Some(to.address).filter(|_| to.contact.is_none()));
        }
    }
    Ok(about)
}

/// Tries a rule on an event.
pub async fn try_out(desk: Desk<'_>, rule: &Rule, occurrence: Occurrence) -> Result<Trial> {
    let waits = crate::event::known::waits(&rule.trigger, &occurrence.name);
    let scene = super::scene(desk, occurrence).await?;
    let mut findings = Vec::new();
    let holds = judge(rule, &scene, &mut findings);
    let mut steps = Vec::new();
    for action in &rule.actions {
        steps.push(step(desk, action, &scene).await?);
    }
    Ok(Trial { waits, holds, findings, steps })
}

async fn step(desk: Desk<'_>, action: &Action, scene: &Scene) -> Result<Step> {
    let kind = action.as_str();
    let found = match action {
        Action::SendMessage(sent) => message(desk, sent.order(&scene.occurrence)).await,
        Action::CallWebhook(post) => message(desk, post.order(&scene.occurrence)).await,
        Action::UpdateContact(change) => changes(desk, change, scene).await,
        Action::RaiseEvent(raise) => {
            let event = RaiseEvent { name: raise.name.clone(), data: raise.data(&scene.occurrence) };
            Ok(Step { event: Some(event), ..Step::default() })
        }
        Action::CreateTask(task) => work::try_task(desk, task, scene).await.map(|draft| Step {
            note: draft.note(),
            task: Some(draft.made),
            ..Step::default()
        }),
        Action::LogActivity(log) => work::try_activity(desk, log, scene).await.map(|draft| Step {
            note: draft.note(),
            activity: Some(draft.made),
            ..Step::default()
        }),
    };
    match found {
        Ok(found) => Ok(Step { kind, ..found }),
        Err(error) => act::lasting(&error).map(|why| Step { kind, why: Some(why), ..Step::default() }).ok_or(error),
    }
}

/// What would change of the contact, if it may.
async fn changes(desk: Desk<'_>, change: &UpdateContact, scene: &Scene) -> Result<Step> {
    let before = scene.contact.as_ref().ok_or_else(act::no_contact)?;
    let mut after = before.clone();
    act::apply(change, &mut after);
    if after != *before {
        let definitions = desk.catalog.definitions(desk.scope).await?;
        keep_contact::rehearse(desk.context, desk.scope, &definitions, Some(before), &mut after).await?;
    }
    let seen = |contact: &Contact| {
        let mut seen = object(facts::contact(contact));
        seen.insert("owner".to_owned(), json!(contact.owner));
        seen
    };
    Ok(Step { changes: Some(shifts("contact", &seen(before), &seen(&after))), ..Step::default() })
}

/// The message that an order would make, as its recipient would see it.
async fn message(desk: Desk<'_>, order: Order) -> Result<Step> {
    let id = MessageId::new(&desk.context.ids, &desk.context.clock);
    let draft = accept::draft(desk.catalog, desk.files, desk.scope, order, id).await?;
    let to = Some(draft.accepted.message.to.address);
    let tenant = desk.catalog.tenant(desk.scope).await?;
    let values = accept::with_own(draft.values, &tenant, id, &Ways::default());
    let shown = draft.compiled.map(|compiled| compiled.render(&values, Strictness::Send));
    Ok(match shown {
        Some(Ok(shown)) => Step { to, subject: shown.subject, text: shown.text, ..Step::default() },
        Some(Err(fault)) => Step { to, why: Some(format!("it cannot be rendered: {fault}")), ..Step::default() },
        None => Step { to, ..Step::default() },
    })
}
