//! Connections to addresses that were judged, plain at first or protected from the first byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::patience::Limit;

/// How long connecting to one address of a server may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A stream of bytes, protected or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection to the first of the addresses that answers. An error says why there is none, in a sentence.
pub async fn connect(addresses: &[SocketAddr], host: &str, limit: &Limit) -> Result<TcpStream, String> {
    let mut why = "no address".to_owned();
    for address in addresses {
        match limit.at_most(CONNECT).within(TcpStream::connect(address)).await {
            Some(Ok(socket)) => {
                // The last line of what is said must not wait for the answer to the one before it.
                let _ = socket.set_nodelay(true);
                return Ok(socket);
            }
            Some(Err(error)) => why = error.to_string(),
            None => "no answer in time".clone_into(&mut why),
        }
    }
    Err(format!("{host} could not be connected to: {why}"))
}

/// The same connection, protected. An error says why it could not be, in a sentence.
pub async fn protect<S: Stream>(
    stream: S,
    host: &str,
    tls: Arc<ClientConfig>,
    limit: &mut Limit,
) -> Result<TlsStream<S>, String> {
    let failed = |why: &str| format!("the connection to {host} could not be protected: {why}");
    let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(&error.to_string()))?;
    match limit.within(TlsConnector::from(tls).connect(name, stream)).await {
        Some(Ok(stream)) => Ok(stream),
        Some(Err(error)) => Err(failed(&error.to_string())),
        None => Err(failed("no answer in time")),
    }
}
