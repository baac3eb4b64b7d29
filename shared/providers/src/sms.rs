//! Text messages of mobile networks: how a text is encoded and cut into parts.
//!
//! A text whose every character stands in the GSM 7-bit default alphabet, or in its extension table, travels in septets; any
//! other travels as UCS-2, which networks read as UTF-16. A character of the extension table takes two septets, one outside the
//! basic plane two UTF-16 units; neither is ever cut in two. Source: 3GPP TS 23.038 section 6.2.1 and 3GPP TS 23.040 section
//! 9.2.3.24.1 (the header that joins parts takes 7 septets, or 3 units, of each).

use kernel::{Error, Result};
use serde::Serialize;

use crate::{Direct, Outgoing};

/// How a text travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// The GSM 7-bit default alphabet with its extension table: units are septets.
    Gsm7,
    /// UCS-2: units are those of UTF-16.
    Ucs2,
}

impl Encoding {
    /// Units of a message that is sent whole.
    pub const fn single(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// Units of each part of a message that is sent in several.
    pub const fn part(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }

    /// Units of a character.
    fn units(self, character: char) -> usize {
        match self {
            Self::Gsm7 => septets(character).unwrap_or_default(),
            Self::Ucs2 => character.len_utf16(),
        }
    }
}

/// What becomes of a text on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segments {
    /// How it travels.
    pub encoding: Encoding,
    /// Its characters (Unicode scalar values).
    pub characters: usize,
    /// Its units, by the encoding.
    pub units: usize,
    /// In how many parts it travels; an empty text is one.
    pub parts: usize,
    /// Units that the last part has room for.
    pub left: usize,
    /// The characters that keep it from travelling in septets, each once, in order of their first place.
    pub forced_by: Vec<Forced>,
}

/// A character that is not in the GSM alphabet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forced {
    /// The character.
    pub character: char,
    /// Its first place in the text, in characters from 0.
    pub position: usize,
    /// What says the same and is in the alphabet, where there is such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<&'static str>,
}

/// The default alphabet in the order of its codes. The one that is missing, 0x1B, leads to the extension table.
const ALPHABET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Septets of a character, when it is in the alphabet.
fn septets(character: char) -> Option<usize> {
    if ALPHABET.contains(character) { Some(1) } else { EXTENSION.contains(character).then_some(2) }
}

/// What says the same as a typographic character.
const fn replacement(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' | '\u{2039}' | '\u{203a}' | '`' | '\u{b4}' => "'",
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' | '\u{ab}' | '\u{bb}' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' | '\t' => " ",
        '\u{2026}' => "...",
        '\u{2022}' | '\u{b7}' => "*",
        '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => "",
        _ => return None,
    })
}

/// What becomes of a text on its way.
pub fn segments(text: &str) -> Segments {
    let mut forced_by: Vec<Forced> = Vec::new();
    let mut characters = 0;
    for (position, character) in text.chars().enumerate() {
        characters += 1;
        if septets(character).is_none() && !forced_by.iter().any(|one| one.character == character) {
            forced_by.push(Forced { character, position, replacement: replacement(character) });
        }
    }
    let encoding = if forced_by.is_empty() { Encoding::Gsm7 } else { Encoding::Ucs2 };
    let units = text.chars().map(|character| encoding.units(character)).sum();
    let parts = parts(text);
    let last: usize = parts.last().map_or(0, |part| part.chars().map(|character| encoding.units(character)).sum());
    let room = if parts.len() > 1 { encoding.part() } else { encoding.single() };
    Segments { encoding, characters, units, parts: parts.len(), left: room.saturating_sub(last), forced_by }
}

/// The parts that a text travels in.
pub fn parts(text: &str) -> Vec<&str> {
    let encoding = if text.chars().all(|one| septets(one).is_some()) { Encoding::Gsm7 } else { Encoding::Ucs2 };
    if text.chars().map(|character| encoding.units(character)).sum::<usize>() <= encoding.single() {
        return vec![text];
    }
    let mut parts = Vec::new();
    let (mut start, mut filled) = (0, 0);
    for (at, character) in text.char_indices() {
        let units = encoding.units(character);
        if filled + units > encoding.part() {
            parts.extend(text.get(start..at));
            (start, filled) = (at, 0);
        }
        filled += units;
    }
    parts.extend(text.get(start..));
    parts
}

/// The text with every typographic character replaced by what says the same in the alphabet.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match replacement(character) {
            Some(words) => plain.push_str(words),
            None => plain.push(character),
        }
    }
    plain
}

/// The message and its text, for providers that carry nothing else.
pub(crate) fn text_only(message: &Outgoing) -> Result<(&Direct, &str)> {
    let direct = message.direct()?;
    let others = [
        (!direct.media.is_empty(), "/media/0"),
        (direct.location.is_some(), "/location"),
        (!direct.buttons.is_empty(), "/buttons/0"),
        (direct.template.is_some(), "/template"),
    ];
    if let Some((_, pointer)) = others.into_iter().find(|(present, _)| *present) {
        return Err(Error::invalid(pointer, "unsupported", "this channel carries text alone"));
    }
    match direct.text.as_deref() {
        Some(text) if !text.trim().is_empty() => Ok((direct, text)),
        Some(_) | None => Err(Error::invalid("/content/text", "required", "a text is needed")),
    }
}

/// The same where the text has a limit in characters.
pub(crate) fn short_text(message: &Outgoing, limit: usize) -> Result<(&Direct, &str)> {
    let (direct, text) = text_only(message)?;
    if text.chars().count() > limit {
        return Err(Error::invalid("/content/text", "too_long", format!("at most {limit} characters")));
    }
    Ok((direct, text))
}

/// A telephone number as digits, for providers that want no `+`.
pub(crate) fn digits(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

/// Whether it is `+` and 7 to 15 digits (E.164).
pub(crate) fn is_number(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|one| one.is_ascii_digit()))
}

/// A telephone number of a callback in E.164: providers give it with or without `+`. What is no number, such as a sender's name
/// or a short code, stays as it is.
pub(crate) fn number(text: &str) -> String {
    let text = text.trim();
    let plain = (7..=15).contains(&text.len()) && text.bytes().all(|one| one.is_ascii_digit());
    if plain { format!("+{text}") } else { text.to_owned() }
}

/// Whether it can be a sender: a number, a short code, or a name of up to 11 characters with at least one letter.
pub(crate) fn is_sender(text: &str) -> bool {
    let code = (3..=15).contains(&text.len()) && text.bytes().all(|one| one.is_ascii_digit());
    is_number(text) || code || is_name(text)
}

/// Whether it can be the name of a sender.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=11).contains(&text.len())
        && text.bytes().any(|one| one.is_ascii_alphabetic())
        && text.bytes().all(|one| one.is_ascii_alphanumeric() || matches!(one, b' ' | b'-' | b'_' | b'+' | b'&'))
        && text.trim() == text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    /// The tables of TS 23.038 once more, by their code points: written from the specification's rows.
    const TABLE: [u32; 127] = [
        0x40, 0xa3, 0x24, 0xa5, 0xe8, 0xe9, 0xf9, 0xec, 0xf2, 0xc7, 0x0a, 0xd8, 0xf8, 0x0d, 0xc5, 0xe5, //
        0x394, 0x5f, 0x3a6, 0x393, 0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398, 0x39e, 0xc6, 0xe6, 0xdf, 0xc9, //
        0x20, 0x21, 0x22, 0x23, 0xa4, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, //
        0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, //
        0xa1, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, //
        0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0xc4, 0xd6, 0xd1, 0xdc, 0xa7, //
        0xbf, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, //
        0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0xe4, 0xf6, 0xf1, 0xfc, 0xe0,
    ];
    const ESCAPED: [u32; 10] = [0x0c, 0x5e, 0x7b, 0x7d, 0x5c, 0x5b, 0x7e, 0x5d, 0x7c, 0x20ac];

    #[test]
    fn the_whole_alphabet_travels_in_septets_and_nothing_else_does() {
        for code in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let expected =
                if TABLE.contains(&u32::from(code)) { Some(1) } else { ESCAPED.contains(&u32::from(code)).then_some(2) };
            assert_eq!(septets(code), expected, "{code:?}");
        }
        assert_eq!(ALPHABET.chars().map(u32::from).collect::<Vec<_>>(), TABLE);
    }

    #[test]
    fn a_text_is_cut_where_it_no_longer_fits() {
        for (text, encoding, units, count) in [
            (String::new(), Encoding::Gsm7, 0, 1),
            ("a".repeat(160), Encoding::Gsm7, 160, 1),
            ("a".repeat(161), Encoding::Gsm7, 161, 2),
            ("a".repeat(306), Encoding::Gsm7, 306, 2),
            ("a".repeat(307), Encoding::Gsm7, 307, 3),
            ("€".repeat(80), Encoding::Gsm7, 160, 1),
            ("€".repeat(81), Encoding::Gsm7, 162, 2),
            // 153 is odd: 76 of two septets fit.
            ("€".repeat(153), Encoding::Gsm7, 306, 3),
            ("ж".repeat(70), Encoding::Ucs2, 70, 1),
            ("ж".repeat(71), Encoding::Ucs2, 71, 2),
            ("ж".repeat(134), Encoding::Ucs2, 134, 2),
            ("😀".repeat(35), Encoding::Ucs2, 70, 1),
            ("😀".repeat(36), Encoding::Ucs2, 72, 2),
            // 67 is odd: 33 pairs fit.
            ("😀".repeat(67), Encoding::Ucs2, 134, 3),
        ] {
            let told = segments(&text);
            assert_eq!((told.encoding, told.units, told.parts), (encoding, units, count), "{} of {text:.3}", text.len());
            assert_eq!(told.characters, text.chars().count());
        }
    }

    #[test]
    fn what_forces_the_long_encoding_is_named_once_with_a_way_out() {
        let told = segments("It’s “so” – it’s 5\u{a0}€ ж");
        let forced: Vec<_> = told.forced_by.iter().map(|one| (one.character, one.position, one.replacement)).collect();
        assert_eq!(
            forced,
            [
                ('’', 2, Some("'")),
                ('“', 5, Some("\"")),
                ('”', 8, Some("\"")),
                ('–', 10, Some("-")),
                ('\u{a0}', 18, Some(" ")),
                ('ж', 21, None),
            ]
        );
        assert_eq!(plain("It’s “so” – 5\u{a0}€…"), "It's \"so\" - 5 €...");
        assert_eq!(segments(&plain("It’s “so” – 5\u{a0}€…")).encoding, Encoding::Gsm7);
        assert!(segments("^{}\\[~]|€").forced_by.is_empty());
    }

    #[test]
    fn senders_and_numbers_are_told_from_the_rest() {
        for good in ["+14155550123", "12345", "SHOP", "My Shop", "4155550123"] {
            assert!(is_sender(good), "{good}");
        }
        for bad in ["", "+1", "TwelveLetters", "a\r\nb", " SHOP", "12", "café", "+1415555012a"] {
            assert!(!is_sender(bad), "{bad}");
        }
        assert_eq!(number("14155550123"), "+14155550123");
        assert_eq!(number("+14155550123"), "+14155550123");
        assert_eq!(number("SHOP"), "SHOP");
        assert_eq!(number("12345"), "12345");
        assert_eq!(digits("+14155550123"), "14155550123");
    }

    /// Texts that sit at the limits: long runs of characters of one to two units in both encodings.
    fn texts() -> impl Strategy<Value = String> {
        let pieces = ["a", "€", "^", "\n", "é", "ж", "😀", "’", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"];
        let mixed = prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..120).prop_map(|some| some.concat());
        let septets = prop::collection::vec(prop::sample::select(vec!["a", "€", "|"]), 0..400).prop_map(|some| some.concat());
        prop_oneof![mixed, septets, ".{0,300}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn parts_put_together_are_the_text_and_none_is_too_long(text in texts()) {
            let told = segments(&text);
            let cut = parts(&text);
            prop_assert_eq!(cut.concat(), text.clone());
            prop_assert_eq!(cut.len(), told.parts);
            let filled = format!("{text}{}", "a".repeat(told.left));
            prop_assert_eq!((segments(&filled).parts, segments(&filled).left), (told.parts, 0));
            let limit = if cut.len() == 1 { told.encoding.single() } else { told.encoding.part() };
            let sizes: Vec<usize> = cut.iter().map(|part| match told.encoding {
                Encoding::Gsm7 => part.chars().map(|one| if ESCAPED.contains(&u32::from(one)) { 2 } else { 1 }).sum(),
                Encoding::Ucs2 => part.encode_utf16().count(),
            }).collect();
            prop_assert!(sizes.iter().all(|size| *size <= limit), "{:?}", sizes);
            prop_assert_eq!(sizes.iter().sum::<usize>(), told.units);
            // No part but the last has room for what follows it.
            prop_assert!(sizes.split_last().is_none_or(|(_, full)| full.iter().all(|size| *size + 2 > limit)), "{:?}", sizes);
        }
    }
}
