//! The TLS configuration for servers that are not AWS's: whoever holds a certificate of the public roots.

use std::sync::Arc;

/// Trusts the public roots, speaks TLS 1.2 and 1.3, shows no certificate of its own.
pub fn public() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    trusting(roots)
}

/// The same with other roots.
pub fn trusting(roots: rustls::RootCertStore) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    match rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions() {
        Ok(builder) => builder.with_root_certificates(roots).with_no_client_auth(),
        // The provider is compiled in with both versions; there is nothing to fall back to.
        Err(_) => std::process::abort(),
    }
}
