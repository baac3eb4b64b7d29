//! Codes made by MD5 (RFC 1321), for the accounts of a provider that have no other. An HMAC (RFC 2104) by it is not broken. A bare
//! hash that ends with the key can be forged only by who learns the code of a text of their own making, which no caller is told.

use kernel::{Error, Result, crypto};

use super::Verified;
use crate::Callback;

/// Bytes that MD5 takes at a time.
const BLOCK: usize = 64;

/// Proves a callback whose code is the HMAC-MD5 of `text`.
pub(crate) fn md5_mac(callback: &Callback<'_>, key: &[u8], text: &[u8], code: &[u8]) -> Result<Verified> {
    compare(callback, key, &hmac(key, text), code)
}

/// Proves a callback whose code is the MD5 of `text` and then the key.
pub(crate) fn md5_sum(callback: &Callback<'_>, key: &[u8], text: &[u8], code: &[u8]) -> Result<Verified> {
    compare(callback, key, &md5::compute([text, key].concat()).0, code)
}

fn compare(callback: &Callback<'_>, key: &[u8], known: &[u8], code: &[u8]) -> Result<Verified> {
    // Anybody could sign with an empty key.
    if key.is_empty() || !crypto::equal(known, code) {
        return Err(Error::Unauthenticated);
    }
    Ok(Verified::of(callback))
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 16] {
    let mut block = if key.len() > BLOCK { md5::compute(key).0.to_vec() } else { key.to_vec() };
    block.resize(BLOCK, 0);
    let padded = |mask: u8| block.iter().map(|byte| byte ^ mask).collect::<Vec<u8>>();
    let inner = md5::compute([padded(0x36).as_slice(), text].concat());
    md5::compute([padded(0x5c).as_slice(), &inner.0].concat()).0
}

#[cfg(test)]
mod tests {
    use super::hmac;
    use crate::proof::unhex;

    /// RFC 2202 section 2.
    #[test]
    fn the_published_codes_come_out() {
        for (key, text, code) in [
            (vec![0x0b; 16], b"Hi There".to_vec(), "9294727a3638bb1c13f48ef8158bfc9d"),
            (b"Jefe".to_vec(), b"what do ya want for nothing?".to_vec(), "750c783e6ab0b503eaa86e310a5db738"),
            (vec![0xaa; 16], vec![0xdd; 50], "56be34521d144c88dbb8c733f0e8b3f6"),
            (
                vec![0xaa; 80],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd",
            ),
        ] {
            assert_eq!(hmac(&key, &text).to_vec(), unhex(code).unwrap());
        }
    }
}
