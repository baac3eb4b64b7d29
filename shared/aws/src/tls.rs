//! TLS of everything that leaves the process: rustls on aws-lc, versions 1.2 and 1.3, and a choice of roots.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The roots that AWS endpoints chain to (Amazon Trust Services): five certificates instead of the system's hundred and forty,
/// whose scan takes most of a cold start.
const AMAZON: &[u8] = include_bytes!("roots.pem");

/// For AWS endpoints.
pub(crate) fn aws() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(AMAZON).flatten());
    trusting(roots)
}

/// For any address, by the public roots.
pub fn public() -> ClientConfig {
    trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

/// For servers that hold a certificate of those roots, such as a company's own; shows no certificate of its own.
pub fn trusting(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    match ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions() {
        Ok(builder) => builder.with_root_certificates(roots).with_no_client_auth(),
        // The provider is compiled in with both versions; there is nothing to fall back to.
        Err(_) => std::process::abort(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_roots_are_certificates() {
        let mut roots = RootCertStore::empty();
        let (taken, refused) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(AMAZON).map(Result::unwrap));
        assert_eq!((taken, refused), (5, 0));
    }
}
