//! How a web request says who we are. Sources: RFC 6750 (bearer tokens), RFC 7617 (basic), AWS Signature Version 4.

use std::time::{Duration, SystemTime};

use aws::Connection;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use http::request::Parts;
use kernel::Time;
use providers::{HttpCall, Login};

/// Puts the login into the request's head; a signature needs the digest of the body. An error says why it cannot be done, without repeating a secret.
pub async fn log_in(
    head: &mut Parts,
    call: &HttpCall,
    digest: Option<String>,
    connection: Option<&Connection>,
    now: Time,
) -> Result<(), String> {
    let (name, value) = match &call.login {
        Login::None => return Ok(()),
        Login::Bearer(token) => (AUTHORIZATION, format!("Bearer {}", token.reveal())),
        Login::Basic(user, password) => {
            (AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.reveal()))))
        }
        Login::Authorization(value) => (AUTHORIZATION, value.reveal().to_owned()),
        Login::Header(name, value) => {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "the login's header has no name".to_owned())?;
            (name, value.reveal().to_owned())
        }
        Login::Aws { service, region } => {
            let connection = connection.ok_or("no AWS credentials on this machine")?;
            let digest = digest.ok_or("the body's digest is missing")?;
            return signed(head, digest, service, region.as_deref(), connection, now).await;
        }
    };
    let mut value = HeaderValue::from_str(&value).map_err(|_| "the login holds what no header can".to_owned())?;
    value.set_sensitive(true);
    head.headers.insert(name, value);
    Ok(())
}

/// Signs with the process's own role.
async fn signed(
    head: &mut Parts,
    digest: String,
    service: &str,
    region: Option<&str>,
    connection: &Connection,
    now: Time,
) -> Result<(), String> {
    let connection = connection.config();
    let provider = connection.credentials_provider().ok_or("no AWS credentials")?;
    let credentials = provider.provide_credentials().await.map_err(|_| "the AWS credentials cannot be read".to_owned())?;
    let region = region.or_else(|| connection.region().map(AsRef::as_ref)).ok_or("no AWS region")?.to_owned();
    let identity: Identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name(service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.millis()).unwrap_or_default()))
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let address = head.uri.to_string();
    let host = head.uri.authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
    head.headers.insert(HOST, HeaderValue::from_str(&host).map_err(|_| "the address has no host".to_owned())?);
    let known = head.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let request = SignableRequest::new(head.method.as_str(), address, known, SignableBody::Precomputed(digest));
    let signed = request.and_then(|request| sign(request, &parameters)).map_err(|error| error.to_string())?;
    let (instructions, _) = signed.into_parts();
    let mut whole = http::Request::from_parts(head.clone(), ());
    instructions.apply_to_request_http1x(&mut whole);
    *head = whole.into_parts().0;
    Ok(())
}
