//! Stands in for AWS where there is none: a certificate authority of its own whose leaf signs SNS envelopes. For the local
//! runner and for tests; deployed functions are built without it.
//!
//! Its certificate is never [`crate::sns::Origin::Aws`], so it counts only where [`Issuer::root_pem`] was added to the roots.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use kernel::{Error, Result, Time};
use num_bigint::BigUint;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, SigningKey as _, date_time_ymd,
};
use serde_json::Value;

use crate::sns::{Envelope, Kind, Version};

/// The address that signed envelopes name. Nothing is served there: whoever runs an issuer hands out [`Issuer::chain_pem`] in
/// its place.
pub const CERTIFICATE_URL: &str = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0000000000000000.pem";

/// Years that the certificates are valid before and after the moment they are made for.
const YEARS: i32 = 10;

/// See the file's head.
pub struct Issuer {
    key: KeyPair,
    chain_pem: String,
    root_pem: String,
}

impl Issuer {
    /// Fresh keys: root, intermediate and leaf, valid ten years before and after that moment.
    pub fn new(around: Time) -> Result<Self> {
        Self::make(around).map_err(|error| Error::internal(format!("making the issuer's certificates: {error}")))
    }

    fn make(around: Time) -> Result<Self, rcgen::Error> {
        let authority = |name: &str| -> Result<CertificateParams, rcgen::Error> {
            let mut params = named(around, name, &[])?;
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            Ok(params)
        };
        let root_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let root_params = authority("Local root")?;
        let root = root_params.self_signed(&root_key)?;
        let root_issuer = rcgen::Issuer::new(root_params, root_key);

        let middle_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let middle_params = authority("Local intermediate")?;
        let middle = middle_params.signed_by(&middle_key, &root_issuer)?;
        let middle_issuer = rcgen::Issuer::new(middle_params, middle_key);

        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let mut params = named(around, "sns.amazonaws.com", &["sns.amazonaws.com"])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = params.signed_by(&key, &middle_issuer)?;
        Ok(Self { key, chain_pem: format!("{}{}", leaf.pem(), middle.pem()), root_pem: root.pem() })
    }

    /// The leaf and the intermediate, as [`crate::sns::Certificate::parse`] reads them.
    pub fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    /// The root, for [`crate::Roots::and`].
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// Signs an envelope as AWS does: `SignatureVersion`, `Signature` and, unless it is there, `SigningCertURL` are put in.
    /// Everything else (`Type`, `MessageId`, `TopicArn`, `Message`, `Timestamp` and what the type asks for) is the caller's.
    pub fn sign(&self, envelope: &Value, version: Version) -> Result<String> {
        let refuse = || Error::internal("this envelope cannot be signed");
        let mut signed = envelope.as_object().ok_or_else(refuse)?.clone();
        signed.insert("SignatureVersion".to_owned(), version.as_str().into());
        signed.insert("Signature".to_owned(), "".into());
        signed.entry("SigningCertURL").or_insert_with(|| CERTIFICATE_URL.into());
        let read = Envelope::parse(Value::Object(signed.clone()).to_string().as_bytes()).ok_or_else(refuse)?;
        let kind = Kind::parse(&read.kind).ok_or_else(refuse)?;
        let text = read.signed_text(kind).ok_or_else(refuse)?;
        signed.insert("Signature".to_owned(), STANDARD.encode(self.signature(text.as_bytes(), version)?).into());
        Ok(Value::Object(signed).to_string())
    }

    /// A published message, ready to post.
    pub fn notification(&self, topic: &str, message_id: &str, message: &str, at: Time) -> Result<String> {
        let envelope = serde_json::json!({
            "Type": Kind::Notification.as_str(),
            "MessageId": message_id,
            "TopicArn": topic,
            "Message": message,
            "Timestamp": at.to_string(),
        });
        self.sign(&envelope, Version::V2)
    }

    /// An RSA signature with PKCS #1 v1.5 padding.
    pub fn signature(&self, text: &[u8], version: Version) -> Result<Vec<u8>> {
        let refuse = || Error::internal("signing failed");
        match version {
            Version::V2 => self.key.sign(text).map_err(|_| refuse()),
            Version::V1 => sign_sha1(self.key.serialized_der(), text).ok_or_else(refuse),
        }
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issuer(***)")
    }
}

fn named(around: Time, name: &str, hosts: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let year = i32::from(around.timestamp().to_zoned(TimeZone::UTC).year());
    let mut params = CertificateParams::new(hosts.iter().map(|&host| host.to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(year - YEARS, 1, 1);
    params.not_after = date_time_ymd(year + YEARS, 1, 1);
    Ok(params)
}

/// The cryptography library rightly signs nothing with SHA-1, but topics do by default, so it is worked out by hand: RFC 8017
/// sections 8.2.1 and 9.2. Neither fast nor in constant time.
fn sign_sha1(pkcs8: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    const SHA1_INFO: [u8; 15] = [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];
    // PrivateKeyInfo { version, algorithm, OCTET STRING { RSAPrivateKey { version, n, e, d, ... } } }: RFC 5958, RFC 8017 A.1.2.
    let (info, _) = element(pkcs8)?;
    let (_, rest) = element(info)?;
    let (_, rest) = element(rest)?;
    let (key, _) = element(element(rest)?.0)?;
    let (_, rest) = element(key)?;
    let (modulus, rest) = element(rest)?;
    let (_, rest) = element(rest)?;
    let (exponent, _) = element(rest)?;
    let (modulus, exponent) = (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent));

    let size = usize::try_from(modulus.bits().div_ceil(8)).ok()?;
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text);
    let mut block = vec![0x00, 0x01];
    block.resize(size.checked_sub(SHA1_INFO.len() + hash.as_ref().len() + 1)?, 0xff);
    block.push(0x00);
    block.extend_from_slice(&SHA1_INFO);
    block.extend_from_slice(hash.as_ref());

    let raw = BigUint::from_bytes_be(&block).modpow(&exponent, &modulus).to_bytes_be();
    let mut signature = vec![0; size.checked_sub(raw.len())?];
    signature.extend_from_slice(&raw);
    Some(signature)
}

/// The content of the first DER element, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (digits.iter().try_fold(0_usize, |sum, digit| sum.checked_mul(256)?.checked_add(usize::from(*digit)))?, rest)
    };
    rest.split_at_checked(length)
}
