//! The table and the only ways into it.
//!
//! [`Store`] has no data methods. Reading or writing needs a [`TenantScope`], and a scope is made only by one of the doors in
//! [`doors`], each of which names its evidence. So a handler that was given no evidence has nothing to read from:
//!
//! ```compile_fail
//! // The fields of a scope are private and it has no constructor: it cannot be conjured from a tenant id.
//! fn forge(table: store::Table, tenant: kernel::ids::TenantId) -> store::TenantScope {
//!     store::TenantScope { table, tenant }
//! }
//! ```
//!
//! ```compile_fail
//! // A store alone reads nothing.
//! async fn peek(store: store::Store) {
//!     store.read::<()>(()).await;
//! }
//! ```
//!
//! ```compile_fail
//! // What stands for a queue job or a stream record has a private tenant: no handler can invent one.
//! fn invent(tenant: kernel::ids::TenantId) -> store::Internal {
//!     store::Internal { tenant }
//! }
//! ```

pub mod batch;
pub mod bill;
pub mod change;
pub mod cursor;
pub mod doors;
pub mod dynamo;
pub mod job;
pub mod list;
pub mod memory;
pub mod record;
pub mod schema;
pub mod scope;
pub mod table;

#[cfg(test)]
mod suite;

pub use change::{Change, Cond};
pub use cursor::Position;
pub use doors::{Credential, Due, Internal, Platform, Store};
pub use dynamo::Dynamo;
pub use job::{Job, Task, Worker};
pub use list::{Listing, Page};
pub use memory::Memory;
pub use record::Record;
pub use schema::{Attr, Entity};
pub use scope::{Outcome, Stored, TenantScope, Write};
pub use table::{Table, TableError};

/// An item as the table keeps it.
pub type Item = std::collections::HashMap<String, Value>;
/// An attribute value in DynamoDB's terms, without the SDK.
pub use serde_dynamo::AttributeValue as Value;
