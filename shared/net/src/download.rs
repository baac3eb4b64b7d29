//! Files that providers keep: one web request whose answer is read a part at a time.

use std::time::Duration;

use aws::Connection;
use aws::files::Parts;
use futures_util::StreamExt;
use futures_util::stream;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use kernel::Clock;
use providers::{HttpCall, HttpReply};

use crate::http::Http;
use crate::patience::Limit;

/// How long fetching a file may take: the function must live to note how it ended.
const WHOLE: Duration = Duration::from_secs(20);

/// A file on its way to us.
pub struct Download {
    /// HTTP status.
    pub status: u16,
    /// Where else it is, by a redirect.
    pub location: Option<String>,
    /// Its size, when the answer says it.
    pub bytes: Option<u64>,
    /// Its media type, when the answer says it.
    pub media_type: Option<String>,
    /// Its bytes.
    pub parts: Parts,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").field("status", &self.status).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl From<HttpReply> for Download {
    fn from(reply: HttpReply) -> Self {
        let said = |name: &str| reply.header(name).map(str::to_owned);
        Self {
            status: reply.status,
            location: said("location"),
            bytes: said("content-length").and_then(|length| length.parse().ok()),
            media_type: said("content-type"),
            parts: aws::files::whole(reply.body),
        }
    }
}

impl Http {
    /// Asks for a file. An error says why there is no answer.
    pub async fn download(&self, call: &HttpCall, connection: Option<&Connection>, clock: &Clock) -> Result<Download, String> {
        let (response, limit) = self.begin(call, WHOLE, connection, clock).await?;
        let (head, body) = response.into_parts();
        let said = |name| word(&head.headers, name);
        Ok(Download {
            status: head.status.as_u16(),
            location: said(LOCATION),
            bytes: said(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            media_type: said(CONTENT_TYPE),
            parts: stream::try_unfold((body, limit), next).boxed(),
        })
    }
}

fn word(headers: &HeaderMap, name: http::header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The next part of the answer, within what is left of the time.
async fn next((mut body, mut limit): (Incoming, Limit)) -> Result<Option<(bytes::Bytes, (Incoming, Limit))>, String> {
    loop {
        let frame = limit.within(body.frame()).await.ok_or("the file did not come in time")?;
        let Some(frame) = frame else { return Ok(None) };
        match frame.map_err(|_| "the file broke off")?.into_data() {
            Ok(part) if !part.is_empty() => return Ok(Some((part, (body, limit)))),
            Ok(_) | Err(_) => {}
        }
    }
}
