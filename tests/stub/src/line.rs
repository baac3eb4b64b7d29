//! Connections: who takes them, and how they are protected.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpSocket;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A server's certificate for some names, and a client's trust in it.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(crate) server: Arc<ServerConfig>,
    /// What a client trusts it by.
    pub client: rustls::ClientConfig,
}

impl Identity {
    /// Of a server of that name.
    pub fn of(name: &str) -> Self {
        Self::of_all(&[name.to_owned()])
    }

    /// Of a server of all those names.
    pub fn of_all(names: &[String]) -> Self {
        let made = rcgen::generate_simple_self_signed(names.to_vec()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let server = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let server = server.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        Self { server: Arc::new(server), client: aws::tls::trusting(roots) }
    }
}

/// A connection, protected or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that is read line by line.
pub(crate) type Wire = BufReader<Box<dyn Stream>>;

/// Takes one connection for each script, in order, and then no more; `serve` gets the connection's number with it. Answers with the
/// port.
pub(crate) fn listen<S, F>(
    scripts: impl Iterator<Item = S> + Send + 'static,
    serve: impl Fn(usize, S, Box<dyn Stream>) -> F + Send + 'static,
) -> u16
where
    S: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let socket = TcpSocket::new_v4().unwrap();
    // A body larger than what fits in between cannot leave the client before the server reads it.
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(16).unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for (number, script) in scripts.enumerate() {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(number, script, Box::new(stream)));
        }
    });
    port
}

/// Shakes hands, offering those protocols; nothing when the client would not.
pub(crate) async fn protect<S: Stream>(tls: &ServerConfig, protocols: &[&str], stream: S) -> Option<TlsStream<S>> {
    let mut tls = tls.clone();
    tls.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(tls)).accept(stream).await.ok()
}

/// Says this; nothing when nobody listens any more.
pub(crate) async fn say(wire: &mut Wire, said: &[u8]) -> Option<()> {
    wire.get_mut().write_all(said).await.ok()?;
    wire.get_mut().flush().await.ok()
}
