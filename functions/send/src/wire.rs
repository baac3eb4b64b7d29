//! The network: SES, SNS, SMTP and the web. Retries are off; every error is sorted by the one question that matters, whether the
//! message can have left.

mod answer;
mod cloud;
mod dialogue;
mod lines;
mod ses;
pub mod smtp;

use aws::{Connection, Files};
use kernel::Clock;
use net::download::Download;
use net::http::{EXCHANGE, Http, TOKEN};
use net::names::Reach;
use net::pieces;
use providers::{Call, HttpCall, Look, Reply, SesCall};

use cloud::{Cloud, refused};
use smtp::Smtp;

/// Clients, built when first used.
#[derive(Clone, Debug)]
pub struct Wire {
    cloud: Option<Cloud>,
    smtp: Smtp,
    http: Http,
    files: Files,
}

impl Wire {
    /// Through AWS, publishing events by that configuration set unless an account names its own; SMTP and web requests to public
    /// servers.
    pub fn new(connection: Connection, configuration_set: Option<String>) -> Self {
        let cloud = Some(Cloud::new(connection, configuration_set));
        Self { cloud, ..Self::of(Smtp::new(Reach::Outward), Http::new(Reach::Outward)) }
    }

    /// Through these clients alone: no AWS.
    pub fn of(smtp: Smtp, http: Http) -> Self {
        Self { cloud: None, smtp, http, files: Files::None }
    }

    /// From a person's machine: SMTP and web requests anywhere, also to this machine; no AWS.
    pub fn at_home() -> Self {
        Self::of(Smtp::new(Reach::Anywhere), Http::new(Reach::Anywhere))
    }

    /// The same with other files.
    #[must_use]
    pub fn files(self, files: Files) -> Self {
        Self { http: self.http.files(files.clone()), files, ..self }
    }

    /// The same with other credentials of AWS's.
    #[must_use]
    pub fn role(self, connection: Connection) -> Self {
        Self { cloud: Some(Cloud::new(connection, None)), ..self }
    }

    /// Carries the call out, once.
    pub async fn carry(&self, call: &Call, clock: &Clock) -> Reply {
        match (call, &self.cloud) {
            (Call::Ses(call), Some(cloud)) => self.ses(call, cloud, clock).await,
            (Call::Smtp(call), _) => self.smtp.submit(call, &self.files).await,
            (Call::Sns(call), Some(cloud)) => cloud.sns(call).await,
            (Call::Look(Look::Smtp(server)), _) => self.smtp.look(server).await,
            (Call::Look(Look::Ses { region }), Some(cloud)) => cloud.look(region.as_deref()).await,
            (Call::Ses(_) | Call::Sns(_) | Call::Look(Look::Ses { .. }), None) => refused("no AWS credentials on this machine"),
            (Call::Http(call), cloud) => self.http.ask(call, EXCHANGE, cloud.as_ref().map(Cloud::connection), clock).await,
            (Call::Capture(_) | Call::Look(Look::Outbox), _) => refused("the capture provider works on a local machine only"),
        }
    }

    /// Mail by SES: read as it goes out when files go along, and whole by the SDK otherwise.
    async fn ses(&self, call: &SesCall, cloud: &Cloud, clock: &Clock) -> Reply {
        if let Some(request) = cloud.request(call) {
            return ses::answer(self.http.ask(&request, EXCHANGE, Some(cloud.connection()), clock).await);
        }
        match pieces::whole(&self.files, &call.raw).await {
            Ok(raw) => cloud.ses(call, raw).await,
            Err(reply) => reply,
        }
    }

    /// Asks for a file. An error says why there is no answer.
    pub async fn download(&self, call: &HttpCall, clock: &Clock) -> Result<Download, String> {
        self.http.download(call, self.cloud.as_ref().map(Cloud::connection), clock).await
    }

    /// Asks for an access token, before anything is handed over.
    pub async fn token(&self, call: &HttpCall, clock: &Clock) -> Reply {
        self.http.ask(call, TOKEN, self.cloud.as_ref().map(Cloud::connection), clock).await
    }
}
