//! Files in a bucket of S3, by its REST API: five requests, so no client of the SDK, which would double what a function loads.
//!
//! Source: Amazon S3 API Reference (HeadObject, GetObject, PutObject, DeleteObject; conditional writes).

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, IF_NONE_MATCH, RANGE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::client::legacy::Client;
use kernel::{Clock, Error, Result, Time};

use super::signature::{Payload, Signer};
use super::{GONE, Link, Parts, disposition, escaped};
use crate::Connection;
use crate::client::{self, Dialer};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_millis(1500);
/// How long an answer, or the next part of a file, may be waited for.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a whole file may take on its way in.
const WRITE: Duration = Duration::from_secs(20);

type Sent = UnsyncBoxBody<Bytes, std::io::Error>;
type Https = Client<Dialer, Sent>;

/// See the file's head. Clones share their connections.
#[derive(Clone)]
pub struct Bucket {
    connection: Connection,
    name: String,
    clock: Clock,
    client: Arc<OnceLock<Https>>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.name)
    }
}

impl Bucket {
    /// The bucket of that name, in the function's own region and by its role. Nothing is connected before the first request.
    pub fn new(connection: Connection, name: String, clock: Clock) -> Self {
        Self { connection, name, clock, client: Arc::default() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn upload(&self, key: &str, media_type: &str, bytes: u64, seconds: u32) -> Result<Link> {
        let headers = vec![("content-type", media_type.to_owned()), ("if-none-match", "*".to_owned())];
        let mut request = self.request(Method::PUT, key, "")?.header(CONTENT_LENGTH, bytes);
        for (name, value) in &headers {
            request = request.header(*name, value);
        }
        self.link(request, headers, seconds).await
    }

    pub(super) async fn download(&self, key: &str, name: &str, media_type: &str, seconds: u32) -> Result<Link> {
        let (kind, shown) = (escaped(media_type), escaped(&disposition(name)));
        let query = format!("?response-content-disposition={shown}&response-content-type={kind}");
        self.link(self.request(Method::GET, key, &query)?, Vec::new(), seconds).await
    }

    async fn link(&self, request: http::request::Builder, headers: Vec<(&'static str, String)>, seconds: u32) -> Result<Link> {
        let now = self.clock.now();
        let url = self.signer(now).await?.link(request.body(()).map_err(unfit)?, seconds)?;
        // The signature counts whole seconds.
        let expires_at = Time::from_millis(now.seconds() * 1000).plus_seconds(seconds.into());
        Ok(Link { url, headers, expires_at })
    }

    pub(super) async fn size(&self, key: &str) -> Result<Option<u64>> {
        let request = self.request(Method::HEAD, key, "")?;
        let response = within(ANSWER, self.ask(request, Payload::Empty, Sent::default())).await??;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => {
                let said = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
                said.map(Some).ok_or_else(|| Error::unavailable("S3 does not say how large a file is"))
            }
            status => Err(refused(status)),
        }
    }

    pub(super) fn read(&self, key: &str) -> Parts {
        self.read_from(key, 0)
    }

    pub(super) fn read_from(&self, key: &str, from: u64) -> Parts {
        let (bucket, key) = (self.clone(), key.to_owned());
        stream::once(async move { bucket.open(&key, from).await.map_err(words) }).try_flatten().boxed()
    }

    /// The parts of one answer, each waited for so long.
    async fn open(&self, key: &str, from: u64) -> Result<Parts> {
        let mut request = self.request(Method::GET, key, "")?;
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let response = within(ANSWER, self.ask(request, Payload::Empty, Sent::default())).await??;
        match response.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(stream::try_unfold(response.into_body(), next).boxed()),
            // There is nothing behind its end.
            StatusCode::RANGE_NOT_SATISFIABLE => Ok(stream::empty().boxed()),
            StatusCode::NOT_FOUND => Ok(stream::iter([Err(GONE.to_owned())]).boxed()),
            status => Err(refused(status)),
        }
    }

    pub(super) async fn write(&self, key: &str, media_type: &str, bytes: u64, parts: Parts) -> Result<()> {
        let request = self.request(Method::PUT, key, "")?;
        let request = request.header(CONTENT_LENGTH, bytes).header(CONTENT_TYPE, media_type).header(IF_NONE_MATCH, "*");
        let frames = parts.map(|part| part.map(Frame::data).map_err(std::io::Error::other));
        let sent = BodyExt::boxed_unsync(StreamBody::new(frames));
        match within(WRITE, self.ask(request, Payload::Unsigned, sent)).await??.status() {
            // It was written before.
            StatusCode::OK | StatusCode::PRECONDITION_FAILED => Ok(()),
            status => Err(refused(status)),
        }
    }

    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        let request = self.request(Method::DELETE, key, "")?;
        match within(ANSWER, self.ask(request, Payload::Empty, Sent::default())).await??.status() {
            StatusCode::OK | StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(()),
            status => Err(refused(status)),
        }
    }

    async fn ask(&self, request: http::request::Builder, payload: Payload, body: Sent) -> Result<Response<Incoming>> {
        let request = self.signer(self.clock.now()).await?.request(request.body(()).map_err(unfit)?, payload)?;
        let client = self.client.get_or_init(|| client::client(Some(CONNECT)));
        let answer = client.request(request.map(|()| body)).await;
        answer.map_err(|error| Error::unavailable(format!("S3 did not answer: {error}")))
    }

    /// A request for that file, with the host that is signed.
    fn request(&self, method: Method, key: &str, query: &str) -> Result<http::request::Builder> {
        let config = self.connection.config();
        let region = region(&self.connection)?;
        let address = match config.endpoint_url() {
            Some(endpoint) => format!("{}/{}/{key}{query}", endpoint.trim_end_matches('/'), self.name),
            None => {
                let china = if region.starts_with("cn-") { ".cn" } else { "" };
                format!("https://{}.s3.{region}.amazonaws.com{china}/{key}{query}", self.name)
            }
        };
        let uri: http::Uri = address.parse().map_err(unfit)?;
        let host = uri.authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
        Ok(Request::builder().method(method).uri(uri).header(HOST, host))
    }

    async fn signer(&self, now: Time) -> Result<Signer> {
        let provider = self.connection.config().credentials_provider();
        let provider = provider.ok_or_else(|| Error::internal("no AWS credentials"))?;
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| Error::unavailable(format!("the AWS credentials: {error}")))?;
        Ok(Signer { credentials, region: region(&self.connection)?, now })
    }
}

fn region(connection: &Connection) -> Result<String> {
    let region = connection.config().region().map(|region| region.as_ref().to_owned());
    region.ok_or_else(|| Error::internal("no AWS region"))
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(limit, work).await.map_err(|_| Error::unavailable("S3 did not answer in time"))
}

/// The next part of an answer's body.
async fn next(mut body: Incoming) -> Result<Option<(Bytes, Incoming)>, String> {
    loop {
        let frame = within(ANSWER, body.frame()).await.map_err(words)?;
        match frame.transpose().map_err(|error| format!("a stored file broke off: {error}"))?.map(Frame::into_data) {
            None => return Ok(None),
            Some(Ok(part)) => return Ok(Some((part, body))),
            Some(Err(_)) => {}
        }
    }
}

fn refused(status: StatusCode) -> Error {
    Error::unavailable(format!("S3 refuses a request with status {}", status.as_u16()))
}

fn unfit(error: impl fmt::Display) -> Error {
    Error::internal(format!("a request to S3 cannot be written: {error}"))
}

/// An error as the sentence that ends a body.
fn words(error: Error) -> String {
    match error {
        Error::Internal(cause) | Error::Unavailable(cause) => cause.for_log().to_owned(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests;
