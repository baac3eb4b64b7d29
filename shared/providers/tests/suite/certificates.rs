//! Which certificates a signature may stand on. One RSA key signs throughout; only the certificates around it differ, so each
//! case is about the certificate alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use providers::Roots;
use providers::proof::Refusal;
use providers::sns::{Certificate, CertificateUrl, Origin};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, SigningKey as _, date_time_ymd,
};
use serde_json::Value;

use crate::posts::{CERTIFICATE_URL, Post, TOPIC, notification, now};

type Authority = Issuer<'static, KeyPair>;

struct Kit {
    key: KeyPair,
    root: Authority,
    root_pem: String,
    middle: Authority,
    middle_pem: String,
}

fn params(name: &str, hosts: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(hosts.iter().map(|&host| host.to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn elliptic() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

/// A root of its own, and its certificate.
fn root(name: &str) -> (Authority, String) {
    let (params, key) = (authority(name), elliptic());
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

/// An authority below another.
fn below(params: CertificateParams, issuer: &Authority) -> (Authority, String) {
    let key = elliptic();
    let pem = params.signed_by(&key, issuer).unwrap().pem();
    (Issuer::new(params, key), pem)
}

impl Kit {
    fn new() -> Self {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let (root, root_pem) = root("Root");
        let (middle, middle_pem) = below(authority("Middle"), &root);
        Self { key, root, root_pem, middle, middle_pem }
    }

    fn leaf(&self, params: &CertificateParams, issuer: &Authority) -> String {
        params.signed_by(&self.key, issuer).unwrap().pem()
    }

    fn post(&self, pem: &str) -> Post {
        self.post_signed_by(pem, &self.key)
    }

    fn post_signed_by(&self, pem: &str, key: &KeyPair) -> Post {
        let mut envelope: Value = notification();
        envelope["SignatureVersion"] = "2".into();
        let text: String = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
            .iter()
            .map(|name| format!("{name}\n{}\n", envelope[name].as_str().unwrap()))
            .collect();
        envelope["Signature"] = STANDARD.encode(key.sign(text.as_bytes()).unwrap()).into();
        Post {
            body: envelope.to_string().into_bytes(),
            certificate: Some(Certificate::parse(pem.as_bytes()).unwrap()),
            topics: vec![TOPIC.to_owned()],
            roots: Roots::public().and(self.root_pem.as_bytes()).unwrap(),
            now: now(),
        }
    }
}

fn signer() -> CertificateParams {
    let mut params = params("sns.amazonaws.com", &["sns.amazonaws.com"]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// The same post with a certificate that was fetched from AWS.
fn fetched(post: Post) -> Post {
    let url = CertificateUrl::parse(CERTIFICATE_URL).unwrap();
    Post { certificate: post.certificate.map(|certificate| certificate.fetched_from(&url)), ..post }
}

fn outcome(post: &Post) -> Result<(), Refusal> {
    post.examine().map(|_| ())
}

#[test]
fn a_certificate_that_leads_to_a_root_is_accepted() {
    let kit = Kit::new();
    let lone = kit.leaf(&signer(), &kit.root);
    let chained = format!("{}{}", kit.leaf(&signer(), &kit.middle), kit.middle_pem);
    let complete = format!("{chained}{}", kit.root_pem);
    let regional = kit.leaf(&params("x", &["sns.eu-west-1.amazonaws.com"]), &kit.root);
    for pem in [lone, chained, complete, regional] {
        assert_eq!(outcome(&kit.post(&pem)), Ok(()));
        assert_eq!(outcome(&fetched(kit.post(&pem))), Ok(()));
    }
}

#[test]
fn a_lone_certificate_of_an_unknown_issuer_counts_only_when_aws_served_it() {
    let kit = Kit::new();
    let lone = kit.post(&kit.leaf(&signer(), &kit.middle));
    assert_eq!(*lone.certificate.as_ref().unwrap().origin(), Origin::Private);
    assert_eq!(outcome(&lone), Err(Refusal::Chain));
    assert_eq!(outcome(&fetched(lone.clone())), Ok(()));
    assert_eq!(outcome(&Post { roots: Roots::none(), ..fetched(lone.clone()) }), Ok(()));
    // It was fetched from another address than the one that the envelope names.
    let other = CertificateUrl::parse("https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-0.pem").unwrap();
    let elsewhere = lone.certificate.clone().map(|certificate| certificate.fetched_from(&other));
    assert_eq!(outcome(&Post { certificate: elsewhere, ..lone.clone() }), Err(Refusal::Certificate));
    assert_eq!(outcome(&Post { certificate: None, ..lone }), Err(Refusal::Certificate));
}

#[test]
fn a_certificate_that_issued_itself_is_refused_wherever_it_comes_from() {
    let kit = Kit::new();
    let mut as_authority = signer();
    as_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for params in [signer(), as_authority] {
        let pem = params.self_signed(&kit.key).unwrap().pem();
        assert_eq!(outcome(&kit.post(&pem)), Err(Refusal::Chain));
        assert_eq!(outcome(&fetched(kit.post(&pem))), Err(Refusal::Chain));
    }
}

#[test]
fn names_must_fit() {
    let kit = Kit::new();
    for hosts in [
        &["evil.example"][..],
        &["sns.amazonaws.com.evil.example"],
        &["amazonaws.com"],
        &["xsns.amazonaws.com"],
        &["sns.us-east-1.amazonaws.com"],
        &["*.s3.amazonaws.com"],
        &["sqs.amazonaws.com", "s3.amazonaws.com"],
        &["127.0.0.1"],
        &[],
    ] {
        // The common name is not looked at (RFC 6125 section 6.4.4).
        let pem = kit.leaf(&params("sns.amazonaws.com", hosts), &kit.root);
        assert_eq!(outcome(&kit.post(&pem)), Err(Refusal::Name), "{hosts:?}");
        assert_eq!(outcome(&fetched(kit.post(&pem))), Err(Refusal::Name), "{hosts:?}");
    }
}

#[test]
fn dates_and_usage_must_fit_wherever_it_comes_from() {
    let kit = Kit::new();
    let mut expired = signer();
    expired.not_after = date_time_ymd(2026, 2, 28);
    let mut early = signer();
    early.not_before = date_time_ymd(2026, 3, 2);
    let mut client = signer();
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let mut as_authority = signer();
    as_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for params in [expired, early, client, as_authority] {
        for issuer in [&kit.root, &kit.middle] {
            let pem = kit.leaf(&params, issuer);
            assert_eq!(outcome(&kit.post(&pem)), Err(Refusal::Chain));
            assert_eq!(outcome(&fetched(kit.post(&pem))), Err(Refusal::Chain));
        }
    }
}

#[test]
fn a_chain_must_hold_wherever_it_comes_from() {
    let kit = Kit::new();
    let (stranger, stranger_pem) = root("Stranger");
    // Of the same name as the real root, so that only the signature tells.
    let (double, double_pem) = root("Root");
    let (unrelated, unrelated_pem) = below(authority("Unrelated"), &kit.root);
    let mut old = authority("Old");
    old.not_after = date_time_ymd(2026, 2, 28);
    let (old, old_pem) = below(old, &kit.root);
    let (no_authority, no_authority_pem) = below(params("No authority", &["example.com"]), &kit.root);
    let (under_stranger, under_stranger_pem) = below(authority("Middle"), &stranger);
    for (what, pem) in [
        ("unknown root", format!("{}{stranger_pem}", kit.leaf(&signer(), &stranger))),
        ("root of the same name", kit.leaf(&signer(), &double)),
        ("root of the same name, in the file", format!("{}{double_pem}", kit.leaf(&signer(), &double))),
        ("unrelated intermediate", format!("{}{unrelated_pem}", kit.leaf(&signer(), &kit.middle))),
        ("intermediate of the same name", format!("{}{under_stranger_pem}", kit.leaf(&signer(), &kit.middle))),
        (
            "intermediate under a stranger",
            format!("{}{under_stranger_pem}{stranger_pem}", kit.leaf(&signer(), &under_stranger)),
        ),
        ("expired intermediate", format!("{}{old_pem}", kit.leaf(&signer(), &old))),
        ("intermediate without the right", format!("{}{no_authority_pem}", kit.leaf(&signer(), &no_authority))),
        ("intermediate first", format!("{}{}", kit.middle_pem, kit.leaf(&signer(), &kit.middle))),
    ] {
        let post = kit.post(&pem);
        assert!(outcome(&post).is_err(), "{what}");
        assert!(outcome(&fetched(post)).is_err(), "{what}");
    }
    assert_eq!(outcome(&kit.post(&format!("{}{unrelated_pem}", kit.leaf(&signer(), &unrelated)))), Ok(()));
}

#[test]
fn only_an_rsa_key_of_the_certificate_itself_signs() {
    let kit = Kit::new();
    let key = elliptic();
    let pem = signer().signed_by(&key, &kit.root).unwrap().pem();
    assert_eq!(outcome(&kit.post_signed_by(&pem, &key)), Err(Refusal::Signature));
    let other = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    assert_eq!(outcome(&kit.post_signed_by(&kit.leaf(&signer(), &kit.root), &other)), Err(Refusal::Signature));
}

#[test]
fn roots_are_read_or_refused() {
    let kit = Kit::new();
    assert!(Roots::none().and(kit.root_pem.as_bytes()).is_ok());
    for bad in ["", "<html>", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(Roots::public().and(bad.as_bytes()).is_err(), "{bad}");
    }
    assert_eq!(outcome(&Post { roots: Roots::public(), ..kit.post(&kit.leaf(&signer(), &kit.root)) }), Err(Refusal::Chain));
}
