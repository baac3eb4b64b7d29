//! What a provider posts.

use kernel::Time;
use providers::sns::Certificate;
use providers::{Callback, Roots};
use serde_json::Value;

use super::CALLBACK;

/// A callback as it arrives: see [`Callback`].
#[derive(Clone, Debug)]
pub struct Post {
    /// Method.
    pub method: &'static str,
    /// Address.
    pub url: String,
    /// Headers in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Topics that may speak.
    pub topics: Vec<String>,
    /// The certificate that signed it.
    pub certificate: Option<Certificate>,
    /// Keys that the provider publishes.
    pub keys: Option<Value>,
    /// When it arrives.
    pub now: Time,
    /// Whether the proof only shows who is calling, where the provider's other posts are signed.
    pub shown: bool,
}

impl Post {
    /// A POST to the account's address.
    pub fn new(content_type: &str, body: Vec<u8>, at: Time) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        let url = CALLBACK.to_owned();
        Self { method: "POST", url, headers, body, topics: Vec::new(), certificate: None, keys: None, now: at, shown: false }
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a proof that neither covers the body nor grows stale.
    pub fn shown(self) -> Self {
        Self { shown: true, ..self }
    }

    /// As the provider sees it.
    pub fn callback<'a>(&'a self, roots: &'a Roots) -> Callback<'a> {
        Callback {
            method: self.method,
            url: &self.url,
            headers: &self.headers,
            body: &self.body,
            topics: &self.topics,
            certificate: self.certificate.as_ref(),
            roots,
            keys: self.keys.as_ref(),
            now: self.now,
        }
    }
}
