//! Rules for the usual cases. A tenant takes one over as a rule of its own, switched off, and changes it as it likes.

use kernel::Time;
use kernel::ids::RuleId;
use serde_json::Map;

use super::action::SendMessage;
use super::{Action, Delay, Log, Rule};

/// One shipped rule: a message of a shipped template.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its word.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The event that it waits for.
    pub trigger: &'static str,
    /// The template that its message is made of.
    pub template: &'static str,
    /// Days that it waits.
    pub days: u32,
}

/// Every one.
pub const SHIPPED: &[Shipped] = &[
    Shipped {
        name: "welcome",
        title: "Welcome",
        description: "Greets a new contact.",
        trigger: "contact.created",
        template: "welcome",
        days: 0,
    },
    Shipped {
        name: "onboarding",
        title: "Onboarding",
        description: "Shows a new user around, a day after the user was added.",
        trigger: "user.created",
        template: "onboarding",
        days: 1,
    },
    Shipped {
        name: "payment-reminder",
        title: "Payment reminder",
        description: "Reminds of an invoice that is due soon. The event's data holds number, amount and due.",
        trigger: "invoice.due_soon",
        template: "payment-reminder",
        days: 0,
    },
    Shipped {
        name: "overdue",
        title: "Overdue invoice",
        description: "Tells of an invoice that is overdue. The event's data holds number, amount and due.",
        trigger: "invoice.overdue",
        template: "overdue",
        days: 0,
    },
    Shipped {
        name: "deal-won",
        title: "Deal won",
        description: "Thanks the contact of a deal that was won.",
        trigger: "deal.closed_won",
        template: "thanks",
        days: 0,
    },
    Shipped {
        name: "outage",
        title: "Outage notice",
        description: "Tells of an interruption of service. The event's data holds service, since and, if it is known, expected.",
        trigger: "outage.started",
        template: "outage",
        days: 0,
    },
];

/// The one of that word.
pub fn find(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|shipped| shipped.name == name)
}

impl Shipped {
    /// A rule made of it, switched off.
    pub fn rule(&self, id: RuleId, now: Time) -> Rule {
        let message = SendMessage {
            template: self.template.to_owned(),
            channel: None,
            account: None,
            category: None,
            locale: None,
            variables: Map::new(),
        };
        Rule {
            id,
            name: self.title.to_owned(),
            description: Some(self.description.to_owned()),
            trigger: self.trigger.to_owned(),
            conditions: None,
            formula: None,
            delay: Delay { days: self.days, ..Delay::default() },
            actions: vec![Action::SendMessage(message)],
            enabled: false,
            log: Log::Matched,
            since: now,
            created_at: now,
            updated_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::shipped;

    #[test]
    fn every_shipped_rule_stands_and_its_template_is_shipped() {
        let templates = shipped::all();
        for rule in SHIPPED {
            let made = rule.rule(RuleId::from_bytes([1; 16]), Time::EPOCH);
            assert_eq!(made.check(), Ok(()), "{}", rule.name);
            assert!(templates.iter().any(|template| template.name == rule.template), "{}", rule.name);
            assert!(crate::event::known::KNOWN.iter().any(|known| known.name == rule.trigger), "{}", rule.name);
        }
    }
}
