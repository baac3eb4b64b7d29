//! The nouns of the house and their rules: one file or folder per noun, [`flows`] for rules that write two.
//!
//! A noun's file has its row, its checks and its pure decisions. A noun may use another's types, not its writes.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod account;
pub mod address;
pub mod allowance;
pub mod as_json;
pub mod attachment;
pub mod body;
pub mod category;
pub mod consent;
pub mod contact;
pub mod conversation;
pub mod errand;
pub mod event;
pub mod export;
pub mod extras;
pub mod flows;
pub mod gate;
pub mod idempotency;
pub mod import;
pub mod inbound;
pub mod mailbox;
pub mod message;
pub mod name;
pub mod preference;
pub mod price;
pub mod proof;
pub mod quota;
pub mod recall;
pub mod role;
pub mod rule;
pub mod run;
pub mod slot;
pub mod statistic;
pub mod suppression;
pub mod team;
pub mod template;
pub mod tenant;
pub mod terms;
pub mod token;
pub mod user;

pub use account::Account;
pub use address::Address;
pub use allowance::Allowance;
pub use attachment::Attachment;
pub use body::Body;
pub use category::Category;
pub use contact::Contact;
pub use conversation::Conversation;
pub use errand::Errand;
pub use event::Event;
pub use extras::Extras;
pub use idempotency::Idempotency;
pub use inbound::Inbound;
pub use mailbox::Mailbox;
pub use message::Message;
pub use preference::Preferences;
pub use proof::Proof;
pub use providers::Channel;
pub use role::{Right, Role};
pub use rule::Rule;
pub use run::Run;
pub use statistic::Statistic;
pub use suppression::Suppression;
pub use team::Team;
pub use template::{Template, Version};
pub use tenant::Tenant;
pub use terms::Terms;
pub use token::Token;
pub use user::{ApiKey, User};
