//! Bytes to text: transfer encodings (RFC 2045 section 6), charsets, and encoded words (RFC 2047). What cannot be decoded is
//! replaced or passed over.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use encoding_rs::{Encoding, REPLACEMENT, UTF_8, WINDOWS_1252};

/// Forgives a missing end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);
/// The longest encoded word; RFC 2047 allows 75.
const WORD: usize = 512;

/// Content without its transfer encoding; an unknown one is none.
pub(crate) fn transfer(encoding: &str, content: &[u8]) -> Vec<u8> {
    let encoding = encoding.trim();
    if encoding.eq_ignore_ascii_case("base64") {
        base64(content)
    } else if encoding.eq_ignore_ascii_case("quoted-printable") {
        quoted_printable(content)
    } else {
        content.to_vec()
    }
}

/// Base64 among whatever else.
pub(crate) fn base64(content: &[u8]) -> Vec<u8> {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut letters: Vec<u8> = content.iter().copied().take_while(|byte| *byte != b'=').filter(letter).collect();
    // One letter alone is no byte.
    letters.truncate(if letters.len() % 4 == 1 { letters.len() - 1 } else { letters.len() });
    BASE64.decode(letters).unwrap_or_default()
}

fn quoted_printable(content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len());
    for line in super::Lines::of(content) {
        let text = super::bare(line);
        let end = line.get(text.len()..).unwrap_or_default();
        let text = text.trim_ascii_end();
        if let Some(text) = text.strip_suffix(b"=") {
            bytes.extend(hex(text, b'='));
        } else {
            bytes.extend(hex(text, b'='));
            bytes.extend_from_slice(end);
        }
    }
    bytes
}

/// Bytes written as a sign and two hexadecimal digits, among others; a sign without digits stands for itself.
pub(super) fn hex(content: &[u8], sign: u8) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(content.len());
    let mut rest = content;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let pair = match tail {
            [high, low, ..] if *first == sign => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match pair {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => bytes.push(*first),
        }
    }
    bytes
}

/// Text in that charset. Without one that is known it is UTF-8, or Windows-1252 when it is not.
pub(crate) fn string(charset: Option<&str>, bytes: &[u8]) -> String {
    // ASCII is what senders write that have never looked.
    let ascii = |charset: &&str| !charset.trim().eq_ignore_ascii_case("us-ascii");
    let named = charset.filter(ascii).and_then(|charset| Encoding::for_label(charset.trim().as_bytes()));
    // Some charsets are known only in order to be refused.
    let named = named.filter(|encoding| *encoding != REPLACEMENT);
    if let Some(encoding) = named.filter(|encoding| *encoding != UTF_8) {
        return encoding.decode(bytes).0.into_owned();
    }
    match UTF_8.decode_with_bom_removal(bytes) {
        (_, true) if named.is_none() => WINDOWS_1252.decode(bytes).0.into_owned(),
        (text, _) => text.into_owned(),
    }
}

/// Text with its encoded words decoded. What stands between two of them is not shown, when it is white space.
pub(crate) fn words(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    // Bytes of neighbouring words, since some break off within a character.
    let mut open: Option<(&str, Vec<u8>)> = None;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        let Some((charset, bytes, length)) = word(from) else {
            close(&mut open, &mut shown);
            shown.push_str(before);
            shown.push_str("=?");
            rest = from.get(2..).unwrap_or_default();
            continue;
        };
        if !before.trim().is_empty() || open.as_ref().is_none_or(|(known, _)| !known.eq_ignore_ascii_case(charset)) {
            let joined = open.is_some() && before.trim().is_empty();
            close(&mut open, &mut shown);
            shown.push_str(if joined { "" } else { before });
        }
        open.get_or_insert((charset, Vec::new())).1.extend(bytes);
        rest = from.get(length..).unwrap_or_default();
    }
    close(&mut open, &mut shown);
    shown.push_str(rest);
    shown
}

fn close(open: &mut Option<(&str, Vec<u8>)>, shown: &mut String) {
    if let Some((charset, bytes)) = open.take() {
        let text = string(Some(charset), &bytes);
        shown.extend(text.chars().map(|one| if one.is_control() { ' ' } else { one }));
    }
}

/// The word at the beginning of the text: its charset, its bytes, and its length.
fn word(text: &str) -> Option<(&str, Vec<u8>, usize)> {
    let window = text.get(..text.floor_char_boundary(WORD))?;
    let (charset, rest) = window.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (content, _) = rest.split_once("?=")?;
    let bytes = match encoding {
        "B" | "b" => base64(content.as_bytes()),
        "Q" | "q" => hex(content.replace('_', " ").as_bytes(), b'='),
        _ => return None,
    };
    // The language may follow the charset (RFC 2231 section 5).
    let charset_alone = charset.split('*').next().unwrap_or_default();
    Some((charset_alone, bytes, charset.len() + encoding.len() + content.len() + 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfer_encodings_forgive() {
        assert_eq!(transfer("BASE64 ", b"aGVs\r\nbG8g\r\n d29ybGQ=\r\n"), b"hello world");
        assert_eq!(transfer("base64", b"aGVsbG8"), b"hello");
        assert_eq!(transfer("base64", b"aGVsb"), b"hel");
        assert_eq!(transfer("base64", b"!!\x00=="), b"");
        assert_eq!(transfer("quoted-printable", b"caf=C3=A9 =\r\nau lait  \r\n=3D=zz=\n"), "café au lait\r\n==zz".as_bytes());
        assert_eq!(transfer("x-odd", b"=41"), b"=41");
    }

    #[test]
    fn charsets_are_decoded_and_guessed() {
        assert_eq!(string(Some("iso-8859-1"), b"caf\xe9"), "café");
        assert_eq!(string(Some("iso-2022-jp"), b"\x1b$B7W;;\x1b(B"), "計算");
        assert_eq!(string(None, b"caf\xe9"), "café");
        assert_eq!(string(Some("us-ascii"), "café".as_bytes()), "café");
        assert_eq!(string(Some("novel"), b"\xef\xbb\xbfx"), "x");
        assert_eq!(string(Some("utf-8"), b"caf\xe9"), "caf\u{fffd}");
        assert_eq!(string(Some("hz-gb-2312"), b"hello"), "hello");
    }

    #[test]
    fn encoded_words_are_read_as_they_were_meant() {
        for (text, shown) in [
            ("=?utf-8?Q?Gr=C3=BC=C3=9Fe_?= =?utf-8?B?8J+OiQ==?=", "Grüße 🎉"),
            ("=?UTF-8?q?=E8=A8?=\r\n =?utf-8?q?=88?=", "計"),
            ("a =?iso-8859-1?Q?=E9?= b =?utf-8?Q?c?= =?iso-8859-1?q?d?=", "a é b cd"),
            ("=?utf-8*en?Q?hi?=", "hi"),
            ("=?utf-8?Q?a=0D=0ABcc:_x?=", "a  Bcc: x"),
            ("plain", "plain"),
            ("=?utf-8?X?a?= =?", "=?utf-8?X?a?= =?"),
            ("=?utf-8?Q?open", "=?utf-8?Q?open"),
            ("", ""),
        ] {
            assert_eq!(words(text), shown, "{text}");
        }
        for odd in ["=?u?q?x".repeat(2_000), format!("=?utf-8?q?{}?=", "é".repeat(400))] {
            assert!(words(&odd) == odd, "what never ends, or too late, is no word");
        }
    }
}
