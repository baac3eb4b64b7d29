//! Connections for web requests. The name is looked up once, judged, and what was judged is connected to.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tower::Service;

use crate::names::{Names, Reach};
use crate::patience::Patience;
use crate::socket::{Stream, connect, protect};

/// How long connecting may take, handshake included.
const CONNECT: Duration = Duration::from_secs(5);

/// What connects.
#[derive(Clone)]
pub struct Dialer {
    /// Where it may connect to.
    pub reach: Reach,
    /// How names are looked up.
    pub names: Names,
    /// How long it may take.
    pub patience: Patience,
    /// Trust, and the one protocol that is offered.
    pub tls: Arc<ClientConfig>,
    /// Whether the connection must speak HTTP/2.
    pub http2: bool,
}

/// Why there is no connection, in a sentence without an address.
#[derive(Debug)]
pub struct NoLine(pub String);

impl std::fmt::Display for NoLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoLine {}

impl Service<Uri> for Dialer {
    type Response = Line;
    type Error = NoLine;
    type Future = Pin<Box<dyn Future<Output = Result<Line, NoLine>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoLine>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialer = self.clone();
        Box::pin(async move {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            dialer.connect(&uri, &host).await.map_err(NoLine)
        })
    }
}

impl Dialer {
    async fn connect(&self, uri: &Uri, host: &str) -> Result<Line, String> {
        let mut limit = self.patience.start(CONNECT);
        let protected = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if protected { 443 } else { 80 });
        let late = || format!("{host} was not found in time");
        let addresses = limit.within(self.names.find(host, port, self.reach)).await.ok_or_else(late)??;
        let socket = connect(&addresses, host, &limit).await?;
        if !protected {
            return Ok(Line(TokioIo::new(Box::new(socket))));
        }
        let stream = protect(socket, host, self.tls.clone(), &mut limit).await?;
        if self.http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(format!("{host} speaks no HTTP/2"));
        }
        Ok(Line(TokioIo::new(Box::new(stream))))
    }
}

/// A connection.
pub struct Line(TokioIo<Box<dyn Stream>>);

impl Connection for Line {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Line {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl Write for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
