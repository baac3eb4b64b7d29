//! What the world outside a stage has to say: providers' events, and what stands at their addresses.

use std::sync::PoisonError;

use aws::Fetch;
use http::Method;
use send::outbox::Kept;

use super::{Answer, Stage};
use crate::provider::{Deed, Provider};

impl Stage {
    /// From now on that is what the intake finds at an address.
    pub fn serve(&self, address: &str, body: Vec<u8>) {
        if let Fetch::Prepared(prepared) = &self.fetch {
            let mut prepared = prepared.lock().unwrap_or_else(PoisonError::into_inner);
            prepared.answers.retain(|(known, _)| known != address);
            prepared.answers.push((address.to_owned(), body));
        }
    }

    /// How often the intake has looked there.
    pub fn fetched(&self, address: &str) -> usize {
        let Fetch::Prepared(prepared) = &self.fetch else { return 0 };
        let prepared = prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.asked.iter().filter(|asked| *asked == address).count()
    }

    /// Lets the provider tell of a message.
    pub async fn tell(&self, kept: &Kept, deed: Deed) -> Option<Answer> {
        let provider = Provider::of_process(self.clock.now()).ok()?;
        let post = provider.post(kept, deed, self.clock.now()).ok()?;
        self.post_sns("/hooks/ses", &post).await
    }

    /// Posts an SNS envelope.
    pub async fn post_sns(&self, path: &str, envelope: &str) -> Option<Answer> {
        let headers = [("content-type", "text/plain; charset=UTF-8")];
        self.try_call(Method::POST, path, &headers, Some(envelope.as_bytes().to_vec())).await
    }
}
