//! Signing certificates of SNS, read once and kept, and confirmations of subscriptions.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws::Fetch;
use kernel::{Clock, Error, Result, Time};
use providers::sns::{Certificate, CertificateUrl};

/// How long a certificate is kept.
const KEEP_MILLIS: i64 = 24 * 3600 * 1000;
/// How many.
const KEEP: usize = 32;

#[derive(Debug)]
pub(crate) struct Certificates {
    fetch: Fetch,
    origin: Option<String>,
    clock: Clock,
    kept: Mutex<BTreeMap<String, (Time, Certificate)>>,
}

impl Certificates {
    pub(crate) const fn new(fetch: Fetch, origin: Option<String>, clock: Clock) -> Self {
        Self { fetch, origin, clock, kept: Mutex::new(BTreeMap::new()) }
    }

    /// The certificate at an address that was found good.
    pub(crate) async fn at(&self, url: &CertificateUrl) -> Result<Certificate> {
        let now = self.clock.now();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(url.as_str()).cloned();
        if let Some((since, certificate)) = kept
            && now.since(since) < KEEP_MILLIS
        {
            return Ok(certificate);
        }
        let body = self.fetch.read(&self.address(url.as_str())?).await?;
        let certificate = Certificate::parse(&body)?;
        // Only what AWS itself served over verified TLS counts as AWS's; another origin's must chain to our roots.
        let certificate = if self.origin.is_none() { certificate.fetched_from(url) } else { certificate };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEEP {
            kept.clear();
        }
        kept.insert(url.as_str().to_owned(), (now, certificate.clone()));
        Ok(certificate)
    }

    /// Confirms a subscription at an address that was proven.
    pub(crate) async fn confirm(&self, url: &str) -> Result<()> {
        self.fetch.read(&self.address(url)?).await.map(|_| ())
    }

    /// The address to read from: the same, or the same path and query at the other origin.
    fn address(&self, url: &str) -> Result<String> {
        let Some(origin) = &self.origin else { return Ok(url.to_owned()) };
        let uri: axum::http::Uri = url.parse().map_err(|_| Error::internal("an approved address cannot be parsed"))?;
        let path = uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
        Ok(format!("{}{path}", origin.trim_end_matches('/')))
    }
}
