//! Addresses of certificates that are not AWS's.

use kernel::Error;
use providers::proof::Refusal;
use providers::sns::{self, CertificateUrl, Version};

use crate::posts::{CERTIFICATE_URL, Forgery, House, notification, set};

/// Addresses that look like AWS's to somebody.
const ADDRESSES: &[&str] = &[
    "",
    "https://sns.eu-west-1.amazonaws.com",
    "https://sns.eu-west-1.amazonaws.com/",
    "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "HTTPS://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "ftp://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "file:///SimpleNotificationService-0a.pem",
    "//sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https:/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https:sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https:\\\\sns.eu-west-1.amazonaws.com\\SimpleNotificationService-0a.pem",
    "https://evil.example/SimpleNotificationService-0a.pem",
    "https://s3.amazonaws.com/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.s3.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.s3-eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.s3.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.s3.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns-eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://xsns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://a.sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sqs.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com.cn/SimpleNotificationService-0a.pem",
    "https://sns.cn-north-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com.cn.cn/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.co/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.org/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws-com.example/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonawsxcom/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com./SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.evil.example#.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.evil.example?.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.evil.example\\.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.evil.example/.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.evil_1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.evil.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.evil-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.EU-WEST-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://SNS.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.AMAZONAWS.COM/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns..amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-123.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com:443/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com:/SimpleNotificationService-0a.pem",
    "https://user@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://user:pass@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com%2f@evil.example/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com%2eevil.example/SimpleNotificationService-0a.pem",
    "https://sns%2eeu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem?x=1",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem?",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem#x",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem#",
    "https://sns.eu-west-1.amazonaws.com/?redirect=//evil.example/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com/x/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com//SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-../evil.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a/b.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-%30a.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a%2epem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService%2d0a.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.PEM",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem/",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.crt",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a",
    "https://sns.eu-west-1.amazonaws.com/simplenotificationservice-0a.pem",
    "https://sns.eu-west-1.amazonaws.com/Evil-0a.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0_a.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0ä.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0\u{430}.pem",
    "https://sns.eu-west-1.am\u{430}zonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.eu\u{2010}west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns\u{3002}eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    " https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem ",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem\n",
    "https://sns.eu-west-1.amazon\naws.com/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com\t/SimpleNotificationService-0a.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem\0",
    "https://[::1]/SimpleNotificationService-0a.pem",
    "https://169.254.169.254/SimpleNotificationService-0a.pem",
];

/// Genuine posts that name them.
pub fn forged(house: &House) -> Vec<Forgery> {
    let genuine = house.sign(notification(), Version::V2);
    let forged = ADDRESSES.iter().map(|address| {
        let post = house.post.with(&set(&genuine, "SigningCertURL", *address));
        (format!("certificate at {address:?}"), post, Refusal::Address)
    });
    forged.collect()
}

#[test]
fn no_address_but_aws_is_fetched_from() {
    let house = House::new();
    for address in ADDRESSES {
        assert_eq!(CertificateUrl::parse(address), Err(Error::Unauthenticated), "{address}");
        let body = set(&house.sign(notification(), Version::V2), "SigningCertURL", *address).to_string();
        assert!(sns::certificate_url(body.as_bytes()).is_err());
    }
    let body = house.sign(notification(), Version::V2).to_string();
    assert_eq!(sns::certificate_url(body.as_bytes()).unwrap().as_str(), CERTIFICATE_URL);
    assert!(matches!(sns::certificate_url(b"{}"), Err(Error::Malformed { .. })));
}
