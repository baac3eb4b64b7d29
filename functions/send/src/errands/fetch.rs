//! Fetching a file that came with a message: from its provider, with the account's login, to where files are stored.
//!
//! What is stored already stays, so fetching a file twice is fetching it once. A provider that says no is believed; one that does
//! not answer is asked again, as often as an errand is begun.

use aws::files::{Parts, whole};
use domain::attachment::{self, LARGEST, State};
use domain::errand::Place;
use domain::flows::connect;
use domain::{Account, Attachment, Channel, Errand, Tenant};
use futures_util::StreamExt;
use kernel::ids::AttachmentId;
use kernel::{Error, Result, Secret};
use net::download::Download;
use net::veil::Veil;
use providers::{Body, FileSource, HttpCall, Login, Method, Sending, Setup};
use store::{Stored, TenantScope};

use super::ATTEMPTS;
use crate::Sender;
use crate::tokens::{self, Found};

/// Most redirects that are followed, without the login: some providers keep files with somebody else.
const REDIRECTS: usize = 2;
/// Most bytes that are read of a file whose answer does not say how large it is.
const UNSAID: usize = 5 * 1024 * 1024;
/// Most bytes of an answer that says where a file is.
const ANSWER: usize = 64 * 1024;

/// Why a file is not there.
enum Missing {
    /// It never will be.
    Lost(String),
    /// Perhaps it will be later.
    Later(String),
}

impl Missing {
    /// The same without what the provider must not be quoted with.
    fn veiled(self, veil: &Veil) -> Self {
        match self {
            Self::Lost(why) => Self::Lost(veil.words(why)),
            Self::Later(why) => Self::Later(veil.words(why)),
        }
    }
}

impl From<Error> for Missing {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(faults) => Self::Lost(faults.into_iter().next().map_or_else(String::new, |fault| fault.detail)),
            // What failed on our side is for the log alone.
            other => {
                tracing::warn!(?other, "a file could not be fetched");
                Self::Later("it could not be stored".to_owned())
            }
        }
    }
}

/// What is known of a file once its bytes are stored.
struct Fetched {
    bytes: u64,
    media_type: Option<String>,
}

/// Fetches it, and notes on its row what came of that.
pub(super) async fn fetch(
    sender: &Sender,
    scope: &TenantScope,
    errand: &Errand,
    id: AttachmentId,
    place: &Place,
) -> Result<()> {
    let Some(found) = scope.read_now::<Attachment>(id).await?.filter(|found| found.row.state == State::Wanted) else {
        return Ok(());
    };
    let row = match bring(sender, scope, errand, &found.row, place).await {
        Ok(Fetched { bytes, media_type }) => {
            let media_type = media_type.unwrap_or_else(|| found.row.media_type.clone());
            Attachment { bytes: Some(bytes), media_type, state: State::Ready, ..found.row }
        }
        Err(Missing::Later(why)) if errand.attempt < ATTEMPTS => return Err(Error::unavailable(why)),
        Err(Missing::Lost(why) | Missing::Later(why)) => found.row.failed(&why),
    };
    scope.replace(&Stored { row, version: found.version }).await?;
    Ok(())
}

/// Notes that the file could not be had for a reason of ours.
pub(super) async fn give_up(scope: &TenantScope, id: AttachmentId) -> Result<()> {
    match scope.read_now::<Attachment>(id).await?.filter(|found| found.row.state == State::Wanted) {
        None => Ok(()),
        Some(found) => {
            let row = found.row.failed("it could not be stored, for a reason that lies with us");
            scope.replace(&Stored { row, version: found.version }).await.map(drop)
        }
    }
}

async fn bring(
    sender: &Sender,
    scope: &TenantScope,
    errand: &Errand,
    file: &Attachment,
    place: &Place,
) -> Result<Fetched, Missing> {
    let account = scope.read_now::<Account>(errand.account).await?;
    let account = account.ok_or_else(|| Missing::Lost("its account was deleted".to_owned()))?.row;
    let tenant = scope.read::<Tenant>(scope.tenant()).await?;
    let tenant = tenant.ok_or_else(|| Missing::Lost("its tenant is gone".to_owned()))?.row;
    let provider = account.sending()?;
    let credentials = connect::open(&sender.vault, &tenant, &account).await?;
    let callback = account.callback(&sender.public_url);
    let bare = Setup { settings: &account.settings, credentials: &credentials, token: None, callback: &callback };
    let Found::Token(token) = tokens::find(sender, scope, &tenant, &account, &bare).await? else {
        return Err(Missing::Later("its provider gives no access".to_owned()));
    };
    let setup = Setup { token: token.as_ref(), ..bare };
    let veil = Veil::of(&setup);
    let download = answered(sender, account.channel, provider, &setup, place).await;
    let Download { bytes, media_type, parts, .. } = download.map_err(|missing| missing.veiled(&veil))?;
    let (bytes, parts) = measured(bytes, parts).await?;
    let known = media_type.as_deref().and_then(|kind| kind.split(';').next());
    let known = known.and_then(|kind| attachment::media_type(kind).ok());
    // What the message said of it goes before what a server says.
    let media_type = known.filter(|_| file.media_type == attachment::ANYTHING);
    let stored = media_type.as_deref().unwrap_or(&file.media_type);
    sender.files.write(&file.key(scope.tenant()), stored, bytes, parts).await?;
    Ok(Fetched { bytes, media_type })
}

/// The answer that has the file in it.
async fn answered(
    sender: &Sender,
    channel: Channel,
    provider: &dyn Sending,
    setup: &Setup<'_>,
    place: &Place,
) -> Result<Download, Missing> {
    let source = located(sender, channel, provider, setup, place.clone().into()).await?;
    opened(sender, channel, request(provider, &source, setup)?).await
}

/// The address of a file: an id is asked for first.
async fn located(
    sender: &Sender,
    channel: Channel,
    provider: &dyn Sending,
    setup: &Setup<'_>,
    source: FileSource,
) -> Result<FileSource, Missing> {
    let FileSource::Id(_) = source else { return Ok(source) };
    let call = provider.file(&source, setup)?;
    let call = call.ok_or_else(|| Missing::Lost("its provider gives no files by such an id".to_owned()))?;
    let Download { status, parts, .. } = opened(sender, channel, call).await?;
    let body = all(parts, ANSWER).await?;
    let reply = providers::HttpReply { status, headers: Vec::new(), body, at: sender.context.clock.now() };
    provider.file_place(&reply).map_err(Missing::Lost)
}

/// The request for the bytes: with the account's login where the address is one of the provider's, and without elsewhere.
fn request(provider: &dyn Sending, source: &FileSource, setup: &Setup<'_>) -> Result<HttpCall, Missing> {
    if let Some(call) = provider.file(source, setup)? {
        return Ok(call);
    }
    match source {
        FileSource::Url(url) if url.starts_with("https://") => Ok(plain(url)),
        FileSource::Url(_) | FileSource::Id(_) | FileSource::Bytes(_) => {
            Err(Missing::Lost("its address is none that files are fetched from".to_owned()))
        }
    }
}

fn plain(url: &str) -> HttpCall {
    HttpCall {
        method: Method::Get,
        url: Secret::new(url),
        headers: Vec::new(),
        login: Login::None,
        body: Body::default(),
        http2: false,
    }
}

/// The answer to a request for a file, wherever that leads.
async fn opened(sender: &Sender, channel: Channel, call: HttpCall) -> Result<Download, Missing> {
    let mut call = call;
    for _ in 0..=REDIRECTS {
        let download = sender.carrier.download(channel, &call, &sender.context.clock).await.map_err(Missing::Later)?;
        if download.status == 200 {
            return Ok(download);
        }
        match (download.status, download.location) {
            (301 | 302 | 303 | 307 | 308, Some(url)) if url.starts_with("https://") => call = plain(&url),
            (status @ (408 | 425 | 429 | 500..), _) => return Err(Missing::Later(format!("its provider says {status}"))),
            (status, _) => return Err(Missing::Lost(format!("its provider says {status}"))),
        }
    }
    Err(Missing::Lost("it is sent from place to place".to_owned()))
}

/// The size of a file, and its bytes. One whose answer does not say how large it is must be small.
async fn measured(said: Option<u64>, parts: Parts) -> Result<(u64, Parts), Missing> {
    let large = || Missing::Lost("it is larger than what is kept".to_owned());
    if let Some(bytes) = said {
        return if bytes > LARGEST { Err(large()) } else { Ok((bytes, parts)) };
    }
    let read = all(parts, UNSAID).await?;
    Ok((u64::try_from(read.len()).map_err(|_| large())?, whole(read)))
}

async fn all(mut parts: Parts, most: usize) -> Result<Vec<u8>, Missing> {
    let mut read = Vec::new();
    while let Some(part) = parts.next().await {
        read.extend_from_slice(&part.map_err(Missing::Later)?);
        if read.len() > most {
            return Err(Missing::Lost("its provider does not say how large it is".to_owned()));
        }
    }
    Ok(read)
}
