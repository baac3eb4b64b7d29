//! What a rule would do with an event, without doing it.

use kernel::Result;
use kernel::ids::MessageId;
use render::Strictness;

use super::{Desk, Scene, act, judge};
use crate::Rule;
use crate::event::Occurrence;
use crate::flows::accept::{self, Order, Ways};
use crate::rule::{Action, Finding};

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
    let blank = Step { kind: action.as_str(), ..Step::default() };
    let order = match action {
        Action::SendMessage(message) => message.order(&scene.occurrence),
        Action::CallWebhook(post) => post.order(&scene.occurrence),
        Action::UpdateContact(_) => {
            let why = scene.contact.is_none().then(|| "the event is about no contact".to_owned());
            return Ok(Step { why, ..blank });
        }
        Action::RaiseEvent(_) => return Ok(blank),
    };
    match message(desk, order).await {
        Ok(found) => Ok(Step { kind: blank.kind, ..found }),
        Err(error) => act::lasting(&error).map(|why| Step { why: Some(why), ..blank }).ok_or(error),
    }
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
