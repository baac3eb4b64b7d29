//! Changes of bytes that break readers: flipped bits, parts left out, put in twice or taken from elsewhere, levels within levels, and
//! words that formats know. The same seeds give the same changes in every run.

/// Words that readers give a meaning.
const WORDS: &[&[u8]] = &[
    b"null",
    b"[]",
    b"{}",
    b"-1",
    b"1e308",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"253402300800",
    b"\"\"",
    b"\\ud800",
    b"\\u0000",
    b"\xff\xfe",
    b"\xc3",
    b"%",
    b"%00",
    b"&",
    b"=",
    b"=?utf-8?q?=",
    b"=?iso-2022-jp?b?GyRC?=",
    b"\r\n",
    b"\r\n\r\n",
    b"--",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"; charset=utf-16",
    b"\xf0\x9f\x8e\x89",
];
/// The longest change, in bytes.
const LONGEST: usize = 16 * 1024;

/// A stream of changes.
pub struct Changes<'a> {
    seeds: &'a [Vec<u8>],
    state: u64,
}

impl<'a> Changes<'a> {
    /// Changes of those.
    pub fn of(seeds: &'a [Vec<u8>]) -> Self {
        Self { seeds, state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// The next one: a seed with up to eight things done to it.
    pub fn one(&mut self) -> Vec<u8> {
        let mut bytes = self.seed().to_vec();
        for _ in 0..=self.below(8) {
            self.change(&mut bytes);
            bytes.truncate(LONGEST);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let (from, to) = self.span(bytes.len());
        match self.below(8) {
            0 => {
                if let Some(byte) = bytes.get_mut(from) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => bytes.truncate(from),
            2 => drop(bytes.drain(from..to)),
            3 => {
                let word = WORDS[self.below(WORDS.len())];
                bytes.splice(from..from, word.iter().copied());
            }
            4 => {
                let word = WORDS[self.below(WORDS.len())];
                bytes.splice(from..to.min(from + 32), word.iter().copied());
            }
            5 => {
                let other = self.seed();
                let (begin, end) = self.span(other.len());
                bytes.splice(from..from, other[begin..end].iter().copied());
            }
            6 => {
                let part = bytes[from..to].repeat(self.below(64));
                bytes.splice(from..to, part);
            }
            _ => {
                let (open, close) = [(b"[", b"]"), (b"(", b")"), (b"\"", b"\""), (b"<", b">")][self.below(4)];
                let levels = 1 << self.below(12);
                bytes.splice(to..to, close.repeat(levels));
                bytes.splice(from..from, open.repeat(levels));
            }
        }
    }

    fn seed(&mut self) -> &'a [u8] {
        &self.seeds[self.below(self.seeds.len())]
    }

    /// A part of so many bytes.
    fn span(&mut self, length: usize) -> (usize, usize) {
        let (one, other) = (self.below(length + 1), self.below(length + 1));
        (one.min(other), one.max(other))
    }

    /// A number below that, by xorshift* (Marsaglia, "Xorshift RNGs"; Vigna).
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let drawn = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap() % limit
    }
}
