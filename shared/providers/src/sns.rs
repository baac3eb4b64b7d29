//! What Amazon SNS posts to a web address: the envelope, the addresses in it that may be asked, and the signing certificate.
//!
//! Nothing here trusts anything. The envelope of a body becomes [`crate::Verified`] in [`crate::proof`] alone; until then it is
//! read only far enough to know where the certificate is. Addresses are matched as plain text against the one form that AWS
//! uses, rather than parsed and then compared: what two parsers could read in two ways is refused by the first.
//!
//! Source: Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS messages" and "HTTP/HTTPS subscription
//! confirmation JSON format".

use kernel::{Error, Result};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use url::form_urlencoded;

use crate::settings::fault;

/// What an envelope is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message published to the topic.
    Notification,
    /// Asks whether the topic may post here.
    SubscriptionConfirmation,
    /// Says that the topic will not post here any more.
    UnsubscribeConfirmation,
}

impl Kind {
    /// The word in the envelope's `Type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notification => "Notification",
            Self::SubscriptionConfirmation => "SubscriptionConfirmation",
            Self::UnsubscribeConfirmation => "UnsubscribeConfirmation",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Notification, Self::SubscriptionConfirmation, Self::UnsubscribeConfirmation]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// How an envelope is signed: RSA with PKCS #1 v1.5 padding over one of two hashes. A topic chooses by its `SignatureVersion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// SHA-1.
    V1,
    /// SHA-256.
    V2,
}

impl Version {
    /// The word in the envelope's `SignatureVersion`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1",
            Self::V2 => "2",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::V1, Self::V2].into_iter().find(|version| version.as_str() == word)
    }
}

/// The posted JSON. A field given twice is refused by the parser; what is not listed (`MessageAttributes`, `UnsubscribeURL`) is
/// not signed and not read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Envelope {
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    pub(crate) message_id: String,
    pub(crate) topic_arn: String,
    #[serde(default)]
    pub(crate) subject: Option<String>,
    pub(crate) message: String,
    pub(crate) timestamp: String,
    pub(crate) signature_version: String,
    pub(crate) signature: String,
    #[serde(rename = "SigningCertURL", alias = "SigningCertUrl")]
    pub(crate) signing_cert_url: String,
    #[serde(default)]
    pub(crate) token: Option<String>,
    #[serde(default, rename = "SubscribeURL", alias = "SubscribeUrl")]
    pub(crate) subscribe_url: Option<String>,
}

impl Envelope {
    /// Reads a body.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// The text that is signed, or `None` where a field that belongs in it is missing.
    ///
    /// It is `name\nvalue\n` of each field in alphabetical order, without any mark of where a value ends: a message that itself
    /// contains lines such as `MessageId` would give the same text as another envelope. So every field but the message must be
    /// one line, which makes the text readable in one way only, from its end.
    pub(crate) fn signed_text(&self, kind: Kind) -> Option<String> {
        let mut lines = vec![("Message", self.message.as_str()), ("MessageId", &self.message_id)];
        match kind {
            Kind::Notification => {
                lines.extend(self.subject.as_deref().map(|subject| ("Subject", subject)));
                lines.push(("Timestamp", &self.timestamp));
            }
            Kind::SubscriptionConfirmation | Kind::UnsubscribeConfirmation => {
                lines.push(("SubscribeURL", self.subscribe_url.as_deref()?));
                lines.push(("Timestamp", &self.timestamp));
                lines.push(("Token", self.token.as_deref()?));
            }
        }
        lines.push(("TopicArn", &self.topic_arn));
        lines.push(("Type", kind.as_str()));
        let mut text = String::new();
        for (name, value) in lines {
            if name != "Message" && value.contains(char::is_control) {
                return None;
            }
            text.push_str(name);
            text.push('\n');
            text.push_str(value);
            text.push('\n');
        }
        Some(text)
    }
}

/// An address that a signing certificate may be fetched from: AWS's own, over TLS. Whoever fetches it must verify the host's
/// certificate and must not follow redirects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertificateUrl(String);

impl CertificateUrl {
    /// Accepts `https://sns.REGION.amazonaws.com/SimpleNotificationService-HEX.pem` (`.com.cn` for regions in China), letter for
    /// letter.
    pub fn parse(text: &str) -> Result<Self> {
        let name = host_and_rest(text)
            .and_then(|(_, rest)| rest.strip_prefix("/SimpleNotificationService-").and_then(|name| name.strip_suffix(".pem")));
        match name {
            Some(name) if (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Ok(Self(text.to_owned()))
            }
            Some(_) | None => Err(Error::Unauthenticated),
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host in it.
    pub fn host(&self) -> &str {
        host_and_rest(&self.0).map_or("", |(host, _)| host)
    }
}

/// Where to fetch the certificate that a body claims to be signed with. Cheap, and proves nothing yet.
pub fn certificate_url(body: &[u8]) -> Result<CertificateUrl> {
    let envelope = Envelope::parse(body).ok_or_else(malformed)?;
    CertificateUrl::parse(&envelope.signing_cert_url)
}

pub(crate) fn malformed() -> Error {
    Error::Malformed { detail: "the body is not an SNS envelope".to_owned() }
}

/// Whether the address confirms exactly this subscription, at AWS and nowhere else.
pub(crate) fn confirms(address: &str, topic: &str, token: &str) -> bool {
    let Some(query) = host_and_rest(address).and_then(|(_, rest)| rest.strip_prefix("/?")) else {
        return false;
    };
    let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    pairs.sort_unstable();
    let expected = [("Action", "ConfirmSubscription"), ("Token", token), ("TopicArn", topic)];
    pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).eq(expected)
}

/// The host of an `https` address at SNS and what follows it.
fn host_and_rest(address: &str) -> Option<(&str, &str)> {
    let after = address.strip_prefix("https://")?;
    let (host, rest) = after.split_at_checked(after.find('/')?)?;
    let inner = host.strip_prefix("sns.")?;
    let (region, china) = match inner.strip_suffix(".amazonaws.com.cn") {
        Some(region) => (region, true),
        None => (inner.strip_suffix(".amazonaws.com")?, false),
    };
    (is_region(region) && region.starts_with("cn-") == china).then_some((host, rest))
}

/// Whether the text has the shape of an AWS region: `us-east-1`, `us-gov-west-1`, `cn-north-1`.
pub(crate) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else {
        return false;
    };
    let word = |part: &&str| (2..=12).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase());
    (2..=4).contains(&words.len())
        && words.iter().all(word)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Topics that one account may name.
const TOPICS: usize = 20;

/// Checks the topics that an account listens to: its setting `topic_arns`.
pub(crate) fn check_topics(topics: &[String]) -> Result<()> {
    if topics.len() > TOPICS {
        return Err(fault("/settings/topic_arns", "at most 20 topics"));
    }
    match topics.iter().position(|arn| !is_topic(arn)) {
        Some(index) => Err(fault(
            &format!("/settings/topic_arns/{index}"),
            "a topic such as arn:aws:sns:eu-west-1:123456789012:mail-events is needed",
        )),
        None => Ok(()),
    }
}

fn is_topic(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", partition, "sns", region, account, name] = parts.as_slice() else {
        return false;
    };
    matches!(*partition, "aws" | "aws-cn" | "aws-us-gov")
        && is_region(region)
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && (1..=256).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Where a certificate came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Fetched from this address at AWS over verified TLS.
    Aws(CertificateUrl),
    /// From anywhere else: it must prove itself.
    Private,
}

/// The certificates found at a signing address: the one that signs, then those that lead to its root, if any.
#[derive(Clone)]
pub struct Certificate {
    leaf: CertificateDer<'static>,
    rest: Vec<CertificateDer<'static>>,
    origin: Origin,
}

/// More certificates than any real chain has.
const MOST: usize = 8;

impl Certificate {
    /// Reads a PEM file. The result is [`Origin::Private`].
    pub fn parse(pem: &[u8]) -> Result<Self> {
        let refuse = || Error::unavailable("the signing certificate cannot be read");
        let mut found =
            CertificateDer::pem_slice_iter(pem).take(MOST + 1).collect::<Result<Vec<_>, _>>().map_err(|_| refuse())?;
        if found.is_empty() || found.len() > MOST {
            return Err(refuse());
        }
        let leaf = found.remove(0);
        webpki::EndEntityCert::try_from(&leaf).map_err(|_| refuse())?;
        Ok(Self { leaf, rest: found, origin: Origin::Private })
    }

    /// The same certificate as [`Origin::Aws`]. To be called only by whoever just fetched it from that address, with the host's
    /// TLS certificate verified and no redirect followed: see [`crate::proof`] for what hangs on it.
    #[must_use]
    pub fn fetched_from(self, url: &CertificateUrl) -> Self {
        Self { origin: Origin::Aws(url.clone()), ..self }
    }

    /// Where it came from.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) const fn leaf(&self) -> &CertificateDer<'static> {
        &self.leaf
    }

    pub(crate) fn rest(&self) -> &[CertificateDer<'static>] {
        &self.rest
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate(1 + {}, {:?})", self.rest.len(), self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_addresses_of_aws_are_accepted() {
        for good in [
            "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
            "https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-A.pem",
            "https://sns.ap-southeast-2.amazonaws.com/SimpleNotificationService-0.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0.pem",
        ] {
            let url = CertificateUrl::parse(good).unwrap();
            assert_eq!(url.as_str(), good);
            assert!(url.host().starts_with("sns.") && good.contains(url.host()));
        }
    }

    #[test]
    fn a_confirmation_address_names_this_subscription_and_nothing_else() {
        let topic = "arn:aws:sns:eu-west-1:000000000000:mail";
        let good = format!("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token=ab12");
        assert!(confirms(&good, topic, "ab12"));
        assert!(confirms(&good.replace(':', "%3A").replacen("https%3A", "https:", 1), topic, "ab12"));
        for bad in [
            good.replace("https", "http"),
            good.replace("amazonaws.com", "amazonaws.com.example"),
            good.replace("ConfirmSubscription", "Unsubscribe"),
            good.replace("ab12", "ab13"),
            good.replace(":mail", ":other"),
            good.replace("com/?", "com/x?"),
            good.replace("com/?", "com?"),
            good.replace("com/", "com:443/"),
            good.replace("sns.", "a@sns."),
            format!("{good}&Token=ab12"),
            format!("{good}&AuthenticateOnUnsubscribe=true"),
            format!("{good}#x"),
            format!("{good} "),
            good.replace("&Token=ab12", ""),
            String::new(),
        ] {
            assert!(!confirms(&bad, topic, "ab12"), "{bad}");
        }
    }

    #[test]
    fn a_file_that_is_no_certificate_is_refused() {
        for bad in [
            "",
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "<html>",
        ] {
            assert!(Certificate::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
