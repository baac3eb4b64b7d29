//! Stories from end to end: the deployed handlers on a stage, told through HTTP, the queue, the stream and the outbox. One binary,
//! because on two cores links are the budget.
#![recursion_limit = "256"]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::large_futures,
    reason = "a test may stop at the first thing that is wrong, says what it walked through, and runs on a stack of its own"
)]

mod about;
mod access;
mod activities;
mod analytics;
mod answers;
mod apis;
mod archive;
mod attached;
mod attachments;
mod belongs;
mod channels;
mod chronicle;
mod collected;
mod companies;
mod confirmations;
mod connect;
mod consent;
mod contents;
mod converge;
mod costs;
mod crash;
mod deals;
mod declarations;
mod engagement;
mod envelopes;
mod events;
mod exact;
mod expand;
mod exports;
mod failover;
mod fields;
mod figures;
mod forgotten;
mod frequency;
mod gate;
mod history;
mod hooks;
mod hosted;
mod idempotency;
mod imports;
mod inbound;
mod input;
mod isolation;
mod keys;
mod letters;
mod lifecycle;
mod limits;
mod lists;
mod looks;
mod lost;
mod meanwhile;
mod misfit;
mod numbers;
mod odd;
mod opt_in;
mod outage;
mod pace;
mod passed_over;
mod people;
mod preferences;
mod queue;
mod races;
mod reach;
mod recall;
mod received;
mod recurring;
mod registration;
mod reminders;
mod roles;
mod rules;
mod scan;
mod schedule;
mod search;
mod secrets;
mod sequel;
mod series;
mod signup;
mod sns;
mod tasks;
mod teams;
mod templates;
mod timeline;
mod tokens;
mod told;
mod tour;
mod unheard;
mod upsert;
mod watched;
mod windows;
mod wishes;
mod work;
mod worked;
