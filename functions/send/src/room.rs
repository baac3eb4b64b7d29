//! Whether there is room for one message more with its recipient: what the contact wants in a day or week, and what the order allows.
//! The gate is asked without them first, since asking for room takes it: only a message that would go takes a place.

use domain::contact::Contact;
use domain::flows::ration;
use domain::gate::{self, Answer, Decision, Facts, Full};
use domain::{Message, address};
use kernel::Result;
use store::TenantScope;

use crate::Sender;

/// The gate's answer, with a place taken when that is Go. A rehearsal takes none.
pub async fn judge(sender: &Sender, scope: &TenantScope, message: &Message, facts: Facts<'_>) -> Result<Answer> {
    let answer = gate::decide(message, &facts);
    if answer.decision != Decision::Go || message.sandbox {
        return Ok(answer);
    }
    match full(sender, scope, message, facts.contact).await? {
        None => Ok(answer),
        full => Ok(gate::decide(message, &Facts { full, ..facts })),
    }
}

async fn full(sender: &Sender, scope: &TenantScope, message: &Message, contact: Option<&Contact>) -> Result<Option<Full>> {
    let context = &sender.context;
    let cap = contact.filter(|_| message.category.can_be_left()).and_then(|contact| Some((contact, contact.preferences.cap?)));
    if let Some((contact, cap)) = cap
        && !ration::take(context, scope, &format!("cap:{}", contact.id), message.id, &cap.limits()).await?
    {
        return Ok(Some(Full::Cap));
    }
    if let Some(throttle) = &message.throttle {
        let subject = format!("throttle:{}:{}", recipient(message, contact)?, throttle.key);
        if !ration::take(context, scope, &subject, message.id, &[throttle.limit()]).await? {
            return Ok(Some(Full::Throttle));
        }
    }
    Ok(None)
}

/// Who it is for: the contact, by whichever address, or else the address.
fn recipient(message: &Message, contact: Option<&Contact>) -> Result<String> {
    match contact {
        Some(contact) => Ok(contact.id.to_string()),
        None => Ok(format!("{}:{}", address::space(message.channel), address::key(message.channel, &message.to.address)?)),
    }
}
