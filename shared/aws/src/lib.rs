//! The way out of the process: one TLS configuration, one HTTP client for all AWS clients, plain HTTPS reads, the vault of data
//! keys, stored files, the environment, the log.
//!
//! A cold start pays for everything that happens before the first request, so nothing here reads the system's certificate
//! store, probes for credentials or builds a client before it is used.

mod client;
pub mod connection;
pub mod env;
pub mod fetch;
pub mod files;
pub mod log;
pub mod tls;
pub mod vault;

pub use connection::Connection;
pub use env::Env;
pub use fetch::Fetch;
pub use files::Files;
pub use vault::Vault;
