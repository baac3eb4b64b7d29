//! Web requests: one for each call, over a connection that may be kept. No redirect is followed, so that nothing is sent where
//! the provider's own address does not lead. Every failure is sorted by whether the request can have been whole.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use aws::files::Parts;
use aws::{Connection, Files};
use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kernel::Clock;
use providers::{HttpCall, HttpReply, Login, Reply};
use rustls::ClientConfig;

use crate::dial::Dialer;
use crate::names::{Names, Reach};
use crate::patience::{Limit, Patience};
use crate::{login, pieces};

/// How long handing a message over may take: the function must live to note how it ended.
pub const EXCHANGE: Duration = Duration::from_secs(20);
/// How long asking for a token before that may take.
pub const TOKEN: Duration = Duration::from_secs(5);
/// Most bytes of an answer that are read.
const ANSWER: usize = 256 * 1024;
/// How long an idle connection is kept, and how many to one server.
const IDLE: (Duration, usize) = (Duration::from_secs(20), 4);

type Pool = Client<Dialer, Outgoing>;

/// See the file's head.
#[derive(Clone)]
pub struct Http {
    reach: Reach,
    names: Names,
    patience: Patience,
    files: Files,
    tls: Option<ClientConfig>,
    one: Arc<OnceLock<Pool>>,
    two: Arc<OnceLock<Pool>>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Http")
    }
}

impl Http {
    /// To servers within that reach, by the system's resolver, trusting the public roots. Without TLS only where anything goes.
    pub fn new(reach: Reach) -> Self {
        let (names, patience, files) = (Names::System, Patience::Seconds, Files::None);
        Self { reach, names, patience, files, tls: None, one: Arc::default(), two: Arc::default() }
    }

    /// The same with other names.
    #[must_use]
    pub fn names(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// The same with other patience.
    #[must_use]
    pub fn patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The same with other files.
    #[must_use]
    pub fn files(self, files: Files) -> Self {
        Self { files, ..self }
    }

    /// The same with other trust.
    #[must_use]
    pub fn trusting(self, tls: ClientConfig) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Makes the request, once, and takes no longer than that.
    pub async fn ask(&self, call: &HttpCall, whole: Duration, connection: Option<&Connection>, clock: &Clock) -> Reply {
        if let Some(refusal) = pieces::refusal(&self.files, &call.body) {
            return refusal;
        }
        let digest = match self.digest(call).await {
            Ok(digest) => digest,
            Err(text) => return Reply::Unread { text },
        };
        let (track, mut request) = match self.request(call, digest, connection, clock).await {
            Ok(made) => made,
            Err(text) => return Reply::Refused { status: 413, code: "5.6.0".to_owned(), text, after: None },
        };
        let progress =
            Progress { host: call.host(), track, line: capture_connection(&mut request), empty: call.body.is_empty() };
        let pool = if call.http2 { &self.two } else { &self.one };
        let pool = pool.get_or_init(|| self.pool(call.http2));
        let mut limit = self.patience.start(whole);
        match limit.within(pool.request(request)).await {
            Some(Ok(response)) => answer(response, &progress, limit, clock).await,
            Some(Err(error)) => progress.failed(&error),
            None => progress.ended("no answer in time"),
        }
    }

    /// Makes a request that changes nothing: the head of the answer, and the patience that is left for its body.
    pub(crate) async fn begin(
        &self,
        call: &HttpCall,
        whole: Duration,
        connection: Option<&Connection>,
        clock: &Clock,
    ) -> Result<(Response<Incoming>, Limit), String> {
        let (_, request) = self.request(call, self.digest(call).await?, connection, clock).await?;
        let pool = if call.http2 { &self.two } else { &self.one };
        let mut limit = self.patience.start(whole);
        let answer = limit.within(pool.get_or_init(|| self.pool(call.http2)).request(request)).await;
        match answer {
            Some(Ok(response)) => Ok((response, limit)),
            Some(Err(error)) => Err(innermost(&error)),
            None => Err(format!("{}: no answer in time", call.host())),
        }
    }

    /// The digest of the body, where it is part of a signature.
    async fn digest(&self, call: &HttpCall) -> Result<Option<String>, String> {
        match call.login {
            Login::Aws { .. } => pieces::digest(&self.files, &call.body).await.map(Some),
            Login::None | Login::Bearer(_) | Login::Basic(..) | Login::Authorization(_) | Login::Header(..) => Ok(None),
        }
    }

    async fn request(
        &self,
        call: &HttpCall,
        digest: Option<String>,
        connection: Option<&Connection>,
        clock: &Clock,
    ) -> Result<(Track, Request<Outgoing>), String> {
        let uri: Uri = call.url.reveal().parse().map_err(|_| "the address cannot be read".to_owned())?;
        let fits = uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && self.reach == Reach::Anywhere);
        if !fits || uri.host().is_none() {
            return Err("a https address is needed".to_owned());
        }
        let track = Track::default();
        let body = Outgoing { parts: pieces::read(&self.files, &call.body), left: call.body.len(), track: track.clone() };
        let request = Request::builder().method(call.method.as_str()).uri(uri).body(body).map_err(|error| error.to_string())?;
        let (mut head, body) = request.into_parts();
        head.headers.insert(USER_AGENT, HeaderValue::from_static("switchboard"));
        for (name, value) in &call.headers {
            let unfit = || format!("the header {name} cannot be written");
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?;
            head.headers.insert(name, HeaderValue::from_str(value).map_err(|_| unfit())?);
        }
        login::log_in(&mut head, call, digest, connection, clock.now()).await?;
        Ok((track, Request::from_parts(head, body)))
    }

    fn pool(&self, http2: bool) -> Pool {
        let mut tls = self.tls.clone().unwrap_or_else(aws::tls::public);
        tls.alpn_protocols = vec![if http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        let (reach, names, patience) = (self.reach, self.names.clone(), self.patience.clone());
        let dialer = Dialer { reach, names, patience, tls: Arc::new(tls), http2 };
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE.0)
            .pool_max_idle_per_host(IDLE.1)
            .http2_only(http2)
            .build(dialer)
    }
}

/// What a body on its way out leaves behind.
#[derive(Clone, Default)]
struct Track {
    /// Its last byte was asked for.
    sent: Arc<AtomicBool>,
    /// Why it could not be read on.
    unread: Arc<OnceLock<String>>,
}

/// How far a request has come.
struct Progress {
    host: String,
    track: Track,
    line: CaptureConnection,
    empty: bool,
}

impl Progress {
    /// Whether the request can have been whole on the other side. A body is asked for once there is a connection, and what was not
    /// asked for to its end was not sent; a request without a body is whole as soon as there is a connection.
    fn whole(&self) -> bool {
        if self.empty { self.line.connection_metadata().is_some() } else { self.track.sent.load(Ordering::Acquire) }
    }

    fn ended(&self, why: &str) -> Reply {
        let text = format!("{}: {why}", self.host);
        if self.whole() { Reply::Lost { text } } else { Reply::Unreached { text } }
    }

    fn failed(&self, error: &ClientError) -> Reply {
        if let Some(text) = self.track.unread.get() {
            return Reply::Unread { text: text.clone() };
        }
        let why = innermost(error);
        if error.is_connect() { Reply::Unreached { text: why } } else { self.ended(&why) }
    }
}

/// The innermost cause says it best, and none of them names the address.
fn innermost(error: &ClientError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

/// Reads the answer. What a provider did is told by its status, and when it says that it has done it, by the body as well: a
/// body that breaks off then leaves open what was done.
async fn answer(response: Response<Incoming>, progress: &Progress, mut limit: Limit, clock: &Clock) -> Reply {
    let (head, mut incoming) = response.into_parts();
    let (mut body, mut whole) = (Vec::new(), true);
    loop {
        match limit.within(incoming.frame()).await {
            Some(None) => break,
            Some(Some(Ok(frame))) => {
                let Ok(data) = frame.into_data() else { continue };
                let room = ANSWER.saturating_sub(body.len());
                body.extend_from_slice(data.get(..room).unwrap_or(&data));
                if data.len() > room {
                    whole = false;
                    break;
                }
            }
            Some(Some(Err(_))) | None => {
                whole = false;
                break;
            }
        }
    }
    if head.status.is_success() && !whole {
        return Reply::Lost {
            text: format!("{}: the answer {} could not be read to its end", progress.host, head.status.as_u16()),
        };
    }
    Reply::Answered(HttpReply { status: head.status.as_u16(), headers: words(&head.headers), body, at: clock.now() })
}

fn words(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

/// A request's body, which notes when its last byte was asked for.
struct Outgoing {
    parts: Parts,
    left: u64,
    track: Track,
}

impl hyper::body::Body for Outgoing {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        loop {
            return match self.parts.as_mut().poll_next(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Ready(Some(Err(why))) => {
                    let _ = self.track.unread.set(why.clone());
                    Poll::Ready(Some(Err(std::io::Error::other(why))))
                }
                Poll::Ready(Some(Ok(part))) if part.is_empty() => continue,
                Poll::Ready(Some(Ok(part))) => {
                    self.left = self.left.saturating_sub(u64::try_from(part.len()).unwrap_or(u64::MAX));
                    if self.left == 0 {
                        self.track.sent.store(true, Ordering::Release);
                    }
                    Poll::Ready(Some(Ok(Frame::data(part))))
                }
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
