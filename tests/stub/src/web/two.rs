//! The same deeds over HTTP/2. What is said is written as in HTTP/1.1, and taken apart here.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::{Asked, Deed, Serving};
use crate::line::Stream;

/// A body, a part at a time; an error breaks it off.
type Body = StreamBody<stream::BoxStream<'static, Result<Frame<Bytes>, io::Error>>>;

/// Serves one connection.
pub(super) async fn serve(serving: Serving, stream: impl Stream + 'static) {
    let serving = Arc::new(serving);
    let service = hyper::service::service_fn(move |request| {
        let serving = serving.clone();
        async move {
            let asked = read(request).await;
            let scripted = serving.deeds.lock().unwrap().pop_front();
            let deed = serving.decide(scripted, asked);
            carry_out(&serving, deed).await
        }
    });
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn read(request: Request<Incoming>) -> Asked {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    let path = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let line = format!("{} {path} {:?}", head.method, head.version);
    let header =
        |(name, value): (&http::HeaderName, &http::HeaderValue)| (name.to_string(), value.to_str().unwrap().to_owned());
    let host = head.uri.host().map(|host| ("host".to_owned(), host.to_owned()));
    Asked { line, headers: head.headers.iter().map(header).chain(host).collect(), body }
}

/// An error resets the request's stream.
async fn carry_out(serving: &Arc<Serving>, deed: Deed) -> Result<Response<Body>, io::Error> {
    match deed {
        Deed::Say(said) => answer(&said, stream::empty().boxed()),
        Deed::SayInDrops(said) => {
            let (head, body) = said.split_once("\r\n\r\n").unwrap_or((&said, ""));
            let drops: Vec<_> = body.bytes().map(|byte| Ok(part(&[byte]))).collect();
            answer(&format!("{head}\r\n\r\n"), stream::iter(drops).boxed())
        }
        Deed::SayAndHangUp(said) => answer(&said, stream::iter([Err(broken())]).boxed()),
        Deed::SayAndFallSilent(said) => {
            let silent = serving.clone();
            let silence = stream::once(async move {
                silent.fall_silent().await;
                Err(broken())
            });
            answer(&said, silence.boxed())
        }
        Deed::HangUp | Deed::HangUpAtTheHead => Err(broken()),
        Deed::Silence | Deed::SilenceAtTheHead => {
            serving.fall_silent().await;
            Err(broken())
        }
    }
}

/// The answer, and then what follows it. What is no HTTP breaks off.
fn answer(said: &str, rest: stream::BoxStream<'static, Result<Frame<Bytes>, io::Error>>) -> Result<Response<Body>, io::Error> {
    let (head, body) = said.split_once("\r\n\r\n").ok_or_else(broken)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).and_then(|line| line.get(..3));
    let mut response = Response::builder().status(status.ok_or_else(broken)?);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        response = response.header(name, value);
    }
    let first = (!body.is_empty()).then(|| Ok::<_, io::Error>(part(body.as_bytes())));
    response.body(StreamBody::new(stream::iter(first).chain(rest).boxed())).map_err(io::Error::other)
}

fn part(bytes: &[u8]) -> Frame<Bytes> {
    Frame::data(Bytes::copy_from_slice(bytes))
}

fn broken() -> io::Error {
    io::Error::other("the stub broke off")
}
