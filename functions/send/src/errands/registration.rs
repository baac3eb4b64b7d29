//! Telling an account's provider where to call back, and hearing from it whether it will. Told again, it does the same.

use domain::Account;
use domain::account::Registration;
use domain::message::cut;
use kernel::Result;
use net::veil::Veil;
use providers::{Registered, Sending, Setup, Verdict};

use super::finding::NOTE;
use crate::Sender;

/// Tells it. None where there is nothing to tell.
pub(super) async fn register(
    sender: &Sender,
    account: &Account,
    provider: &dyn Sending,
    setup: &Setup<'_>,
) -> Result<Option<Registration>> {
    let Some(asked) = provider.registration(setup)? else { return Ok(None) };
    let clock = &sender.context.clock;
    let reply = sender.carrier.carry(account.channel, &asked.tell, clock).await;
    let found = match provider.verdict_for(&reply, setup) {
        Verdict::Sent { .. } => provider.registered(&sender.carrier.carry(account.channel, &asked.look, clock).await, setup),
        refused => Err(refused),
    };
    let (here, note) = match found {
        Ok(Registered { here: false, note: None }) => (false, Some("its provider calls back elsewhere".to_owned())),
        Ok(Registered { here, note }) => (here, note),
        Err(Verdict::Sent { .. }) => (false, Some("its provider does not say where it calls back".to_owned())),
        Err(verdict) => (false, Some(verdict.reason().to_owned())),
    };
    let veil = Veil::of(setup).and(&asked.tell).and(&asked.look);
    let note = note.map(|words| cut(&veil.words(words), NOTE));
    Ok(Some(Registration { here, at: clock.now(), note }))
}
