//! The HTTP client under all AWS clients: HTTP/1.1 over rustls, which is all that the services used here need.
//!
//! The SDK's own client would bring a second TLS setup, HTTP/2 and proxies with it: half a megabyte in every function, and work at
//! every cold start. Nothing here is built before the first request.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use http::Uri;
use hyper::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector as Tcp, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::Service;

use crate::tls;

/// One pool of connections for each limit on connecting. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pools(Arc<Mutex<BTreeMap<Option<Duration>, SharedHttpConnector>>>);

impl HttpClient for Pools {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let limit = settings.connect_timeout();
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pools.entry(limit).or_insert_with(|| SharedHttpConnector::new(Pool::new(limit))).clone()
    }
}

struct Pool(Client<Dialer, SdkBody>);

impl Pool {
    fn new(limit: Option<Duration>) -> Self {
        Self(client(limit))
    }
}

/// A client for AWS endpoints with bodies of that kind.
pub(crate) fn client<B>(limit: Option<Duration>) -> Client<Dialer, B>
where
    B: Body + Send,
    B::Data: Send,
{
    let mut tcp = Tcp::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let https = HttpsConnectorBuilder::new().with_tls_config(tls::aws()).https_or_http().enable_http1().wrap_connector(tcp);
    Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(Dialer { https, limit })
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

impl HttpConnector for Pool {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let used = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&used));
        }
        let answer = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let response = answer.await.map_err(kind)?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Lets the SDK retire a connection that a transient failure came over.
fn metadata(used: &CaptureConnection) -> Option<ConnectionMetadata> {
    used.connection_metadata().as_ref()?;
    let used = used.clone();
    let retire = move || {
        if let Some(connection) = used.connection_metadata().as_ref() {
            connection.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(retire).build())
}

/// Connects, handshake included, within the limit.
#[derive(Clone)]
pub(crate) struct Dialer {
    https: HttpsConnector<Tcp>,
    limit: Option<Duration>,
}

type Dialed = <HttpsConnector<Tcp> as Service<Uri>>::Response;

impl Service<Uri> for Dialer {
    type Response = Dialed;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Dialed, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialing = self.https.call(uri);
        match self.limit {
            Some(limit) => Box::pin(async move { tokio::time::timeout(limit, dialing).await? }),
            None => Box::pin(dialing),
        }
    }
}

/// What the SDK's retries go by.
fn kind(error: hyper_util::client::legacy::Error) -> ConnectorError {
    let connecting = error.is_connect();
    let error: BoxError = error.into();
    if cause::<tokio::time::error::Elapsed>(error.as_ref()).is_some() {
        return ConnectorError::timeout(error);
    }
    match cause::<hyper::Error>(error.as_ref()) {
        Some(hyper) if hyper.is_timeout() => ConnectorError::timeout(error),
        Some(hyper) if hyper.is_user() => ConnectorError::user(error),
        Some(hyper) if hyper.is_incomplete_message() => ConnectorError::other(error, Some(ErrorKind::TransientError)),
        Some(hyper) if hyper.is_closed() || hyper.is_canceled() => ConnectorError::io(error),
        Some(_) | None if connecting || cause::<std::io::Error>(error.as_ref()).is_some() => ConnectorError::io(error),
        Some(_) | None => ConnectorError::other(error, None),
    }
}

fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A service that reads each request up to its blank line and says that; an empty word hangs up.
    async fn service(words: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut words = words.iter();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut read = vec![0; 4096];
                while stream.read(&mut read).await.is_ok_and(|bytes| bytes > 0) {
                    match words.next() {
                        Some(word) if !word.is_empty() => stream.write_all(word.as_bytes()).await.unwrap(),
                        Some(_) | None => break,
                    }
                }
            }
        });
        address
    }

    async fn ask(pool: &Pool, address: &str) -> Result<HttpResponse, ConnectorError> {
        let mut request = HttpRequest::new(SdkBody::from("{}"));
        request.set_method("POST").unwrap();
        request.set_uri(address.to_owned()).unwrap();
        pool.call(request).await
    }

    const FINE: &str = "HTTP/1.1 200 OK\r\nx-amzn-requestid: 1\r\ncontent-length: 2\r\n\r\n{}";

    #[tokio::test]
    async fn an_answer_comes_back_with_its_headers_and_the_connection_is_used_again() {
        let address = format!("http://{}/", service(&[FINE, FINE]).await);
        let pool = Pool::new(Some(Duration::from_secs(5)));
        for _ in 0..2 {
            let response = ask(&pool, &address).await.unwrap();
            assert_eq!(response.status().as_u16(), 200);
            assert_eq!(response.headers().get("x-amzn-requestid"), Some("1"));
        }
    }

    #[tokio::test]
    async fn what_went_wrong_is_told_apart() {
        let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
        let pool = Pool::new(Some(Duration::from_secs(5)));
        let refused = ask(&pool, &format!("http://{closed}/")).await.unwrap_err();
        assert!(refused.is_io(), "{refused:?}");
        // The sender takes this for a proof that nothing was sent.
        assert!(cause_says(&refused, "client error (Connect)"), "{refused:?}");
        let silent = ask(&pool, &format!("http://{}/", service(&[""]).await)).await.unwrap_err();
        assert!(!cause_says(&silent, "client error (Connect)"), "{silent:?}");
        assert_eq!(silent.as_other(), Some(ErrorKind::TransientError), "{silent:?}");
    }

    #[tokio::test]
    async fn connecting_ends_at_its_limit() {
        // A listener that never greets: the handshake waits.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("https://{}/", listener.local_addr().unwrap());
        let late = ask(&Pool::new(Some(Duration::from_millis(1))), &address).await.unwrap_err();
        assert!(late.is_timeout(), "{late:?}");
    }

    fn cause_says(error: &ConnectorError, words: &str) -> bool {
        std::iter::successors(Some(error as &dyn Error), |&error| error.source()).any(|error| error.to_string().contains(words))
    }
}
