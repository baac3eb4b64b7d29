//! Plain HTTPS reads: key sets of token issuers, signing certificates, subscription confirmations. No redirects, bounded size
//! and time. The caller has decided that the address may be read.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kernel::{Error, Result};

use crate::tls;

/// Most bytes read.
const LIMIT: usize = 256 * 1024;

type Https = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// The port for plain reads.
#[derive(Clone)]
pub enum Fetch {
    /// The network, trusting the public roots. Built at the first use.
    Network(Arc<OnceLock<Https>>),
    /// Answers prepared beforehand, and a log of what was asked.
    Prepared(Arc<Mutex<Prepared>>),
}

/// See [`Fetch::Prepared`].
#[derive(Debug, Default)]
pub struct Prepared {
    /// Address and body.
    pub answers: Vec<(String, Vec<u8>)>,
    /// Addresses asked for, in order.
    pub asked: Vec<String>,
}

impl std::fmt::Debug for Fetch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Network(_) => "Fetch::Network",
            Self::Prepared(_) => "Fetch::Prepared",
        })
    }
}

impl Fetch {
    /// Reads from the network.
    pub fn network() -> Self {
        Self::Network(Arc::default())
    }

    /// Answers with these bodies, and fails for any other address.
    pub fn prepared(answers: Vec<(String, Vec<u8>)>) -> Self {
        Self::Prepared(Arc::new(Mutex::new(Prepared { answers, asked: Vec::new() })))
    }

    /// The body at that address, when it is answered with 200 within five seconds.
    pub async fn read(&self, address: &str) -> Result<Vec<u8>> {
        match self {
            Self::Network(client) => network(client, address).await,
            Self::Prepared(prepared) => {
                let mut prepared = prepared.lock().unwrap_or_else(PoisonError::into_inner);
                prepared.asked.push(address.to_owned());
                let found = prepared.answers.iter().find(|(known, _)| known == address).map(|(_, body)| body.clone());
                found.ok_or_else(|| Error::unavailable(format!("nothing answers at {address}")))
            }
        }
    }
}

async fn network(client: &OnceLock<Https>, address: &str) -> Result<Vec<u8>> {
    let failed = |what: &str| Error::unavailable(format!("reading {address}: {what}"));
    let client = client.get_or_init(build);
    let uri = address.parse::<http::Uri>().map_err(|_| failed("not an address"))?;
    let exchange = async {
        let response = client.get(uri).await.map_err(|error| failed(&error.to_string()))?;
        if response.status() != http::StatusCode::OK {
            return Err(failed(response.status().as_str()));
        }
        let body = Limited::new(response.into_body(), LIMIT).collect().await.map_err(|error| failed(&error.to_string()))?;
        Ok(body.to_bytes().to_vec())
    };
    tokio::time::timeout(Duration::from_secs(5), exchange).await.map_err(|_| failed("no answer in time"))?
}

fn build() -> Https {
    let connector =
        hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls::public()).https_or_http().enable_http1().build();
    Client::builder(TokioExecutor::new()).build(connector)
}
