//! Hexadecimal digits, as codes and keys are written by some providers.

/// The bytes of an even number of hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().iter().map(|digit| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
    let digits = digits.collect::<Option<Vec<u8>>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::unhex;

    #[test]
    fn digits_come_in_pairs() {
        assert_eq!(unhex("00fFa1"), Some(vec![0, 0xff, 0xa1]));
        assert_eq!(unhex(""), Some(Vec::new()));
        for odd in ["0", "abc", "0g", "+1", " 0", "é"] {
            assert_eq!(unhex(odd), None, "{odd}");
        }
    }
}
