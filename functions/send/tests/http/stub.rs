//! A web server on this machine that follows a script, connection by connection, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpSocket;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Says this.
    Say(String),
    /// Says this, byte by byte.
    SayInDrops(String),
    /// Says this and hangs up.
    SayAndHangUp(String),
    /// Hangs up.
    HangUp,
    /// Says nothing any more, and ends the client's patience.
    Silence,
    /// Reads the request's head and hangs up.
    HangUpAtTheHead,
    /// Reads nothing but the head, says nothing, and ends the client's patience.
    SilenceAtTheHead,
}

/// One connection's script.
#[derive(Clone, Default)]
pub struct Script {
    /// What becomes of its requests, in order.
    pub deeds: Vec<Deed>,
    /// TLS from the first byte, with the protocols that are spoken.
    pub tls: Option<(Arc<ServerConfig>, Vec<&'static str>)>,
    /// Falls silent before the handshake.
    pub mute: bool,
}

/// One request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Method and path.
    pub line: String,
    /// Headers in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub struct Stub {
    pub port: u16,
    /// Told when the server falls silent.
    pub silent: Arc<Notify>,
    connections: Arc<Mutex<usize>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// An answer with a body.
pub fn says(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

impl Script {
    pub fn of(deeds: &[Deed]) -> Self {
        Self { deeds: deeds.to_vec(), ..Self::default() }
    }

    pub fn tls(self, identity: &Identity, protocols: &[&'static str]) -> Self {
        Self { tls: Some((identity.server.clone(), protocols.to_vec())), ..self }
    }
}

/// A server's certificate for a name, and a client's trust in it.
pub struct Identity {
    server: Arc<ServerConfig>,
    pub client: rustls::ClientConfig,
}

impl Identity {
    pub fn of(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let server = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let server = server.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        Self { server: Arc::new(server), client: aws::tls::trusting(roots) }
    }
}

impl Stub {
    /// A server that takes one connection for each script, in order, and then no more.
    pub async fn start(scripts: Vec<Script>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // A body larger than what fits in between cannot leave the client before the server reads it.
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(16).unwrap();
        let port = listener.local_addr().unwrap().port();
        let stub = Self { port, silent: Arc::default(), connections: Arc::default(), asked: Arc::default() };
        let (silent, connections, asked) = (stub.silent.clone(), stub.connections.clone(), stub.asked.clone());
        tokio::spawn(async move {
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                *connections.lock().unwrap() += 1;
                let serving = Serving { script, silent: silent.clone(), asked: asked.clone() };
                tokio::spawn(async move { serving.run(Box::new(stream)).await });
            }
        });
        stub
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Wire = BufReader<Box<dyn Stream>>;

struct Serving {
    script: Script,
    silent: Arc<Notify>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Serving {
    async fn run(self, stream: Box<dyn Stream>) {
        if self.script.mute {
            return self.fall_silent().await;
        }
        let mut stream = stream;
        if let Some((tls, protocols)) = &self.script.tls {
            let mut tls = ServerConfig::clone(tls);
            tls.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
            let Ok(protected) = TlsAcceptor::from(Arc::new(tls)).accept(stream).await else { return };
            if protected.get_ref().1.alpn_protocol() == Some(b"h2") {
                return self.second_version(protected).await;
            }
            stream = Box::new(protected);
        }
        let mut wire = BufReader::new(stream);
        for deed in &self.script.deeds {
            if self.one(&mut wire, deed).await.is_none() {
                return;
            }
        }
        // Whatever comes now is not answered.
        let _ = wire.read_u8().await;
    }

    /// One request and what becomes of it; nothing when the connection is over.
    async fn one(&self, wire: &mut Wire, deed: &Deed) -> Option<()> {
        let mut asked = head(wire).await?;
        match deed {
            Deed::HangUpAtTheHead => return None,
            Deed::SilenceAtTheHead => self.fall_silent().await,
            _ => {}
        }
        let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
        asked.body = vec![0; length];
        wire.read_exact(&mut asked.body).await.ok()?;
        self.asked.lock().unwrap().push(asked);
        match deed {
            Deed::Say(said) => say(wire, said.as_bytes()).await,
            Deed::SayInDrops(said) => {
                for drop in said.as_bytes().chunks(1) {
                    say(wire, drop).await?;
                    tokio::task::yield_now().await;
                }
                Some(())
            }
            Deed::SayAndHangUp(said) => {
                say(wire, said.as_bytes()).await?;
                None
            }
            Deed::HangUp | Deed::HangUpAtTheHead => None,
            Deed::Silence | Deed::SilenceAtTheHead => {
                self.fall_silent().await;
                None
            }
        }
    }

    async fn fall_silent(&self) {
        self.silent.notify_one();
        std::future::pending().await
    }

    /// HTTP/2: every request is answered with 200 and its protocol.
    async fn second_version(self, stream: impl Stream + 'static) {
        let asked = self.asked.clone();
        let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let asked = asked.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes().to_vec();
                let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                    (name.to_string(), value.to_str().unwrap().to_owned())
                };
                let headers = head.headers.iter().map(header).collect();
                let line = format!("{} {} {:?}", head.method, head.uri.path(), head.version);
                asked.lock().unwrap().push(Asked { line, headers, body });
                let said = http_body_util::Full::new(bytes::Bytes::from_static(b"{\"id\":\"two\"}"));
                Ok::<_, std::convert::Infallible>(hyper::Response::new(said))
            }
        });
        let executor = hyper_util::rt::TokioExecutor::new();
        let serving = hyper::server::conn::http2::Builder::new(executor);
        let _ = serving.serve_connection(hyper_util::rt::TokioIo::new(stream), service).await;
    }
}

async fn head(wire: &mut Wire) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        if wire.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        let line = String::from_utf8(line).unwrap().trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let (first, headers) = lines.split_first()?;
    let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let line = first.trim_end_matches(" HTTP/1.1").to_owned();
    Some(Asked { line, headers: headers.iter().filter_map(header).collect(), body: Vec::new() })
}

async fn say(wire: &mut Wire, said: &[u8]) -> Option<()> {
    wire.get_mut().write_all(said).await.ok()?;
    wire.get_mut().flush().await.ok()
}
