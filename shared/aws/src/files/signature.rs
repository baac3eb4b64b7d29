//! AWS Signature Version 4 as S3 wants it: in the address of a link, or in the headers of a request of our own.
//!
//! Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use http::Request;
use kernel::{Error, Result, Time};

/// Who signs, where and when.
pub(super) struct Signer {
    pub(super) credentials: Credentials,
    pub(super) region: String,
    pub(super) now: Time,
}

/// What is known of a body when its request is signed.
#[derive(Clone, Copy)]
pub(super) enum Payload {
    /// There is none.
    Empty,
    /// It is read while it goes out; TLS protects it.
    Unsigned,
}

impl Payload {
    const fn signable(self) -> SignableBody<'static> {
        match self {
            Self::Empty => SignableBody::Bytes(&[]),
            Self::Unsigned => SignableBody::UnsignedPayload,
        }
    }
}

impl Signer {
    /// The address that carries the request's signature for so many seconds. Its headers are part of what is signed.
    pub(super) fn link(&self, request: Request<()>, seconds: u32) -> Result<String> {
        let mut settings = settings();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(seconds.into()));
        Ok(self.signed(request, Payload::Unsigned, settings)?.uri().to_string())
    }

    /// The request with its signature among the headers.
    pub(super) fn request(&self, request: Request<()>, payload: Payload) -> Result<Request<()>> {
        let mut settings = settings();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        self.signed(request, payload, settings)
    }

    fn signed(&self, mut request: Request<()>, payload: Payload, settings: SigningSettings) -> Result<Request<()>> {
        let failed = |what: &dyn std::fmt::Display| Error::internal(format!("a request to S3 cannot be signed: {what}"));
        let identity: Identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(self.now.millis()).unwrap_or_default()))
            .settings(settings)
            .build()
            .map_err(|error| failed(&error))?
            .into();
        let (method, address) = (request.method().as_str().to_owned(), request.uri().to_string());
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let known = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(&method, address, known, payload.signable());
        let signed = signable.and_then(|signable| sign(signable, &parameters)).map_err(|error| failed(&error))?;
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

/// S3 takes paths as they are: neither encoded twice nor made shorter.
fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The credentials and the moment of the examples in AWS's description.
    fn signer() -> Signer {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", secret, None, None, "example");
        let now = Time::parse("2013-05-24T00:00:00Z").unwrap();
        Signer { credentials, region: "us-east-1".to_owned(), now }
    }

    fn get(address: &str) -> http::request::Builder {
        Request::get(address).header("host", "examplebucket.s3.amazonaws.com")
    }

    /// "Authenticating Requests: Using Query Parameters", its example.
    #[test]
    fn a_link_is_signed_as_in_awss_own_example() {
        let request = get("https://examplebucket.s3.amazonaws.com/test.txt").body(()).unwrap();
        assert_eq!(
            signer().link(request, 86_400).unwrap(),
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z\
             &X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    /// "Signature Calculations for the Authorization Header", example GET Object.
    #[test]
    fn a_request_is_signed_as_in_awss_own_example() {
        let request = get("https://examplebucket.s3.amazonaws.com/test.txt").header("range", "bytes=0-9").body(()).unwrap();
        let signed = signer().request(request, Payload::Empty).unwrap();
        let said = signed.headers()["authorization"].to_str().unwrap();
        assert!(said.contains("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date"), "{said}");
        assert!(said.ends_with("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"), "{said}");
    }

    #[test]
    fn what_a_link_allows_is_part_of_its_signature() {
        let put = |kind: &str, bytes: &str| {
            let request = Request::put("https://examplebucket.s3.amazonaws.com/a")
                .header("host", "examplebucket.s3.amazonaws.com")
                .header("content-type", kind)
                .header("content-length", bytes);
            signer().link(request.body(()).unwrap(), 60).unwrap()
        };
        let link = put("image/png", "3");
        assert!(link.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost"), "{link}");
        let signature = |link: &str| link.split("X-Amz-Signature=").nth(1).unwrap().to_owned();
        assert_ne!(signature(&link), signature(&put("image/png", "4")));
        assert_ne!(signature(&link), signature(&put("text/html", "3")));
    }
}
