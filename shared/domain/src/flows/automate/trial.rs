//! What a rule would do with an event, without doing it.

use kernel::Result;
use kernel::ids::MessageId;
use render::Strictness;

pub use super::work::Logged;
use super::{Desk, Scene, act, judge, work};
use crate::event::Occurrence;
use crate::flows::accept::{self, Order, Ways};
use crate::rule::{Action, Finding};
use crate::{Rule, Task};

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
    /// The task that it would make.
    pub task: Option<Task>,
    /// The activity that it would write down.
    pub activity: Option<Logged>,
    /// What either would do without.
    pub note: Option<String>,
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
        Action::UpdateContact(_) => {
            let why = scene.contact.is_none().then(|| "the event is about no contact".to_owned());
            Ok(Step { why, ..Step::default() })
        }
        Action::RaiseEvent(_) => Ok(Step::default()),
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
