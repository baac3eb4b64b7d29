//! Rules that write more than one noun, or read one to write another. Each reads like its walkthrough in ARCHITECTURE.md.

pub mod accept;
pub mod allow;
pub mod answer;
pub mod archive;
pub mod assign;
mod attach;
pub mod automate;
pub mod breaker;
pub mod catalog;
pub mod chronicle;
pub mod connect;
pub mod dispatch;
pub mod edit_template;
pub mod enclose;
pub mod entrust;
pub mod export;
pub mod forget;
pub mod found;
mod gather;
pub mod import;
pub mod keep_company;
pub mod keep_contact;
pub mod keep_deal;
pub mod keep_field;
pub mod keep_task;
pub mod keep_team;
pub mod let_in;
pub mod log;
pub mod look;
pub mod look_for;
pub mod opt_in;
pub mod pace;
pub mod ration;
pub mod read_notifications;
pub mod recall;
pub mod recognise;
pub mod release;
pub mod renew;
pub mod repeat;
pub mod report;
pub mod report_event;
pub mod retrieve;
pub mod ring;
pub mod sign_up;
pub mod suppress;
pub mod take_in;
pub mod tally;
pub mod upsert_contact;
pub mod window;

use kernel::{Clock, Ids, Keys};

/// The ports that every flow needs, beside the scope of its tenant.
#[derive(Clone, Debug)]
pub struct Context {
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub ids: Ids,
    /// The deployment's keys.
    pub keys: Keys,
}
