//! Proves SNS envelopes.
//!
//! An envelope is accepted when all of this holds:
//!
//! - its signature fits the text that AWS signs, by the hash that its `SignatureVersion` names (1 or 2, nothing else),
//! - the key is that of a certificate for `sns.amazonaws.com` or for the host it was fetched from, valid now,
//! - the certificate descends from a root that we trust (the policy is below),
//! - its address is AWS's own, and the one that the certificate was really fetched from,
//! - the topic is on the account's list (an empty list accepts none),
//! - its time is within an hour of now. SNS itself has no replay window: repetitions within the hour are for the caller to
//!   recognise by [`Notice::message_id`]. An hour covers the longest delivery policy (3600 s).
//! - a confirmation address asks AWS to confirm exactly this topic with exactly this token.
//!
//! # Which certificates are trusted
//!
//! A file with a chain must lead to one of the [`Roots`](super::Roots). A file with one certificate must be issued by a root, or, since AWS
//! publishes its signing certificate alone, without the intermediate that leads to the root, must have been fetched from the
//! approved address over TLS ([`Origin::Aws`]). The TLS handshake, whose chain was verified against the public roots, then
//! vouches for the content: only AWS can serve that host. Dates, key usage and names of the certificate are checked as in any
//! chain, and a certificate that issued itself is refused. A lone certificate from elsewhere ([`Origin::Private`]) has nobody to
//! vouch for it and is refused. Sources: RFC 5280 section 6; Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS
//! messages".

use std::time::Duration;

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Error, Result, Time};
use rustls_pki_types::{ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::{Roots, Verified};
use crate::Callback;
use crate::sns::{self, Certificate, CertificateUrl, Envelope, Kind, Origin, Version};

/// How far a callback's own time may be from now, either way, in milliseconds.
pub const WINDOW: i64 = 3_600_000;

/// The name that AWS's signing certificates are made out to.
const SIGNER: &str = "sns.amazonaws.com";

/// What a proven envelope says.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// What the envelope is for.
    pub kind: Kind,
    /// The content.
    pub message: String,
    /// SNS's id of the message, the same in every repetition.
    pub message_id: String,
    /// The topic that it came through.
    pub topic: String,
    /// When it was published.
    pub at: Time,
    /// Of a confirmation: how to confirm.
    pub confirmation: Option<Confirmation>,
}

/// How a subscription is confirmed.
#[derive(Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The address that confirms it. It is AWS's, and names this topic and token.
    pub url: String,
    /// The token for `ConfirmSubscription`.
    pub token: String,
}

impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Notice({:?} {} of {}, {} bytes)", self.kind, self.message_id, self.topic, self.message.len())
    }
}

/// Why a callback was not accepted: for the log, never for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not an envelope at all.
    Malformed,
    /// A `Type` that is not known.
    Kind,
    /// A signature version other than 1 and 2.
    Version,
    /// A field that belongs to the signed text is missing, or more than one line.
    Fields,
    /// The certificate's address is not AWS's.
    Address,
    /// The certificate was not given, or comes from another address than the envelope names.
    Certificate,
    /// The topic is not on the account's list.
    Topic,
    /// Too old, or from the future.
    Time,
    /// The signature does not fit.
    Signature,
    /// The certificate is made out to somebody else.
    Name,
    /// The certificate is not valid now, or does not descend from a root.
    Chain,
    /// The confirmation address is not AWS's, or confirms something else.
    Confirmation,
}

/// Proves an SNS envelope. Every refusal reads alike to the sender: [`Error::Unauthenticated`], or [`Error::Malformed`] when
/// there is no envelope.
pub fn verify_sns(callback: &Callback<'_>) -> Result<Verified> {
    examine_sns(callback).map_err(
        |refusal| {
            if refusal == Refusal::Malformed { sns::malformed() } else { Error::Unauthenticated }
        },
    )
}

/// The same with the reason of a refusal, for the log.
pub fn examine_sns(callback: &Callback<'_>) -> Result<Verified, Refusal> {
    let envelope = Envelope::parse(callback.body).ok_or(Refusal::Malformed)?;
    let kind = Kind::parse(&envelope.kind).ok_or(Refusal::Kind)?;
    let version = Version::parse(&envelope.signature_version).ok_or(Refusal::Version)?;
    let text = envelope.signed_text(kind).ok_or(Refusal::Fields)?;
    let url = CertificateUrl::parse(&envelope.signing_cert_url).map_err(|_| Refusal::Address)?;
    let certificate = callback.certificate.ok_or(Refusal::Certificate)?;
    if matches!(certificate.origin(), Origin::Aws(fetched) if *fetched != url) {
        return Err(Refusal::Certificate);
    }
    if !callback.topics.contains(&envelope.topic_arn) {
        return Err(Refusal::Topic);
    }
    let at = Time::parse(&envelope.timestamp).map_err(|_| Refusal::Time)?;
    if callback.now.since(at).saturating_abs() > WINDOW {
        return Err(Refusal::Time);
    }
    check_signature(certificate, version, text.as_bytes(), &envelope.signature)?;
    check_trust(certificate, &url, callback.roots, callback.now)?;
    let confirmation = match (kind, envelope.subscribe_url, envelope.token) {
        (Kind::Notification, _, _) => None,
        (Kind::SubscriptionConfirmation | Kind::UnsubscribeConfirmation, Some(url), Some(token)) => {
            if !sns::confirms(&url, &envelope.topic_arn, &token) {
                return Err(Refusal::Confirmation);
            }
            Some(Confirmation { url, token })
        }
        (Kind::SubscriptionConfirmation | Kind::UnsubscribeConfirmation, _, _) => return Err(Refusal::Fields),
    };
    let notice = Notice {
        kind,
        message: envelope.message,
        message_id: envelope.message_id,
        topic: envelope.topic_arn,
        at,
        confirmation,
    };
    Ok(Verified { notice: Some(notice), ..Verified::of(callback) })
}

/// The key's size is bounded by the algorithms themselves: 2048 to 8192 bits. A key that is not RSA does not parse.
fn check_signature(certificate: &Certificate, version: Version, text: &[u8], signature: &str) -> Result<(), Refusal> {
    let algorithm: &'static RsaParameters = match version {
        Version::V1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Version::V2 => &RSA_PKCS1_2048_8192_SHA256,
    };
    let signature = STANDARD.decode(signature).map_err(|_| Refusal::Signature)?;
    let leaf = EndEntityCert::try_from(certificate.leaf()).map_err(|_| Refusal::Chain)?;
    let key = leaf.subject_public_key_info();
    UnparsedPublicKey::new(algorithm, key.as_ref()).verify(text, &signature).map_err(|_| Refusal::Signature)
}

fn check_trust(certificate: &Certificate, url: &CertificateUrl, roots: &Roots, now: Time) -> Result<(), Refusal> {
    let leaf = EndEntityCert::try_from(certificate.leaf()).map_err(|_| Refusal::Chain)?;
    let named = |name: &str| ServerName::try_from(name).is_ok_and(|name| leaf.verify_is_valid_for_subject_name(&name).is_ok());
    if !named(SIGNER) && !named(url.host()) {
        return Err(Refusal::Name);
    }
    let seconds = u64::try_from(now.seconds()).map_err(|_| Refusal::Time)?;
    let path = leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &roots.0,
        certificate.rest(),
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        KeyUsage::server_auth(),
        None,
        None,
    );
    let lone = certificate.rest().is_empty() && leaf.issuer() != leaf.subject();
    let vouched = matches!(certificate.origin(), Origin::Aws(_));
    match path {
        Ok(_) => Ok(()),
        // Of all faults this is the least specific: it is reported only after dates, usage and constraints were found in order.
        Err(webpki::Error::UnknownIssuer) if lone && vouched => Ok(()),
        Err(_) => Err(Refusal::Chain),
    }
}
