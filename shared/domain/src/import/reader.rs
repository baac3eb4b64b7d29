//! Reading rows of CSV (RFC 4180) from bytes that come a part at a time, in bounded memory: a row that is longer than a row may be is
//! read over and reported as one.

use csv_core::{ReadRecordResult, ReaderBuilder};
use encoding_rs::WINDOWS_1252;

use super::{Encoding, Form};

/// Most bytes of one row's cells.
pub const LONGEST: usize = 64 * 1024;
/// Most columns.
pub const COLUMNS: usize = 200;

/// See the file's head.
pub struct Reader {
    core: csv_core::Reader,
    encoding: Encoding,
    cells: Vec<u8>,
    ends: Vec<usize>,
    filled: usize,
    ended: usize,
    inside: bool,
    too_long: bool,
    quoted: bool,
    /// Whether the byte before was a carriage return, which a line feed may still belong to.
    returned: bool,
    first: u64,
    line: u64,
    position: u64,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("line", &self.line).field("position", &self.position).finish_non_exhaustive()
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line that it begins at.
    pub line: u64,
    /// Its cells, or why there are none.
    pub cells: Result<Vec<String>, Unread>,
}

/// Why a row has no cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It has more than [`LONGEST`] bytes or [`COLUMNS`] columns.
    TooLong,
    /// It is not written as the import says.
    Encoding,
    /// A quote is opened in it and never closed: it goes on to the end of the file.
    Quote,
}

impl Reader {
    /// Begins at that byte of the file, which is the beginning of that line.
    pub fn new(form: Form, position: u64, line: u64) -> Self {
        Self {
            core: ReaderBuilder::new().delimiter(form.delimiter).build(),
            encoding: form.encoding,
            cells: vec![0; LONGEST],
            ends: vec![0; COLUMNS],
            filled: 0,
            ended: 0,
            inside: false,
            too_long: false,
            quoted: false,
            returned: false,
            first: line,
            line,
            position,
        }
    }

    /// The byte that the next row, or what comes before it, begins at; the line that stands there.
    pub const fn at(&self) -> (u64, u64) {
        (self.position, self.line)
    }

    /// Reads on. Answers with how much of the part was read, and with a row when one is complete: then there may be more in the part.
    pub fn read(&mut self, part: &[u8]) -> (usize, Option<Record>) {
        let mut used = if self.inside { 0 } else { self.skip(part) };
        loop {
            let rest = part.get(used..).unwrap_or_default();
            if rest.is_empty() {
                return (used, None);
            }
            let (result, read) = self.step(rest);
            used += read;
            match result {
                ReadRecordResult::Record => return (used, Some(self.take())),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return (used, None),
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => self.forget(),
            }
        }
    }

    /// Reads the second half of a line end, if that is what comes next and the first has been read.
    pub fn end_line(&mut self, part: &[u8]) -> usize {
        let half = part.get(..1).filter(|next| self.returned && *next == b"\n").unwrap_or_default();
        self.count(half);
        half.len()
    }

    /// Whether what was read ends with a carriage return, to which a line feed may belong.
    pub const fn is_between(&self) -> bool {
        self.returned
    }

    /// The last row, when the file does not end with a line end.
    pub fn finish(&mut self) -> Option<Record> {
        // Alone in a row of one line, a quote may stand for inches.
        let open = self.quoted && self.line > self.first;
        while self.inside {
            match self.step(&[]).0 {
                ReadRecordResult::Record if open => return Some(Record { cells: Err(Unread::Quote), ..self.take() }),
                ReadRecordResult::Record => return Some(self.take()),
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => self.forget(),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => self.inside = false,
            }
        }
        None
    }

    /// Line ends before a row, such as the second half of one.
    fn skip(&mut self, part: &[u8]) -> usize {
        let ends = part.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.count(part.get(..ends).unwrap_or_default());
        self.first = self.line;
        self.inside = ends < part.len();
        ends
    }

    /// Counts bytes and lines: a line ends with a line feed, a carriage return, or both.
    fn count(&mut self, read: &[u8]) {
        for byte in read {
            let second = *byte == b'\n' && self.returned;
            self.line = self.line.saturating_add(u64::from(matches!(byte, b'\r' | b'\n') && !second));
            self.returned = *byte == b'\r';
            self.quoted ^= self.inside && *byte == b'"';
        }
        self.position = self.position.saturating_add(u64::try_from(read.len()).unwrap_or(u64::MAX));
    }

    fn step(&mut self, rest: &[u8]) -> (ReadRecordResult, usize) {
        let cells = self.cells.get_mut(self.filled..).unwrap_or_default();
        let ends = self.ends.get_mut(self.ended..).unwrap_or_default();
        let (result, read, filled, ended) = self.core.read_record(rest, cells, ends);
        self.count(rest.get(..read).unwrap_or_default());
        self.filled += filled;
        self.ended += ended;
        (result, read)
    }

    /// Gives up what was read of a row that is too long, and reads on to its end.
    fn forget(&mut self) {
        self.too_long = true;
        self.filled = 0;
        self.ended = 0;
    }

    fn take(&mut self) -> Record {
        let cells = if self.too_long { Err(Unread::TooLong) } else { self.texts() };
        let record = Record { line: self.first, cells };
        self.inside = false;
        self.too_long = false;
        self.quoted = false;
        self.filled = 0;
        self.ended = 0;
        record
    }

    fn texts(&self) -> Result<Vec<String>, Unread> {
        let mut from = 0;
        let ends = self.ends.get(..self.ended).unwrap_or_default();
        let mut cell = |end: &usize| {
            let bytes = self.cells.get(from..*end).unwrap_or_default();
            from = *end;
            decode(self.encoding, bytes)
        };
        ends.iter().map(&mut cell).collect()
    }
}

fn decode(encoding: Encoding, bytes: &[u8]) -> Result<String, Unread> {
    let text = match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).map_err(|_| Unread::Encoding)?.to_owned(),
        Encoding::Latin1 => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    };
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Form = Form { delimiter: b',', separator: b';', encoding: Encoding::Utf8 };

    /// Every row of a file that comes in parts of that size: line, cells, and where the next one begins.
    fn rows(form: Form, file: &[u8], size: usize) -> Vec<(u64, Result<Vec<String>, Unread>)> {
        let mut reader = Reader::new(form, 0, 1);
        let mut found = Vec::new();
        for part in file.chunks(size) {
            let mut rest = part;
            while !rest.is_empty() {
                let (used, record) = reader.read(rest);
                found.extend(record.map(|record| (record.line, record.cells)));
                rest = &rest[used..];
            }
        }
        found.extend(reader.finish().map(|record| (record.line, record.cells)));
        found
    }

    fn cells(texts: &[&str]) -> Result<Vec<String>, Unread> {
        Ok(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn rows_are_the_same_however_their_bytes_come() {
        let file = b"a,b\r\n1,\"x\ny\"\r\n\r\n2,\"say \"\"hi\"\"\"\n3,";
        let wanted =
            vec![(1, cells(&["a", "b"])), (2, cells(&["1", "x\ny"])), (5, cells(&["2", "say \"hi\""])), (6, cells(&["3", ""]))];
        for size in [1, 2, 3, 7, 1000] {
            assert_eq!(rows(FORM, file, size), wanted, "{size}");
        }
        assert_eq!(rows(FORM, b"\xef\xbb\xbfa;b\nc", 100), [(1, cells(&["a;b"])), (2, cells(&["c"]))]);
        assert_eq!(rows(Form { delimiter: b';', ..FORM }, b"a;b\n", 9), [(1, cells(&["a", "b"]))]);
        assert_eq!(rows(FORM, b"", 9), []);
    }

    #[test]
    fn lines_end_with_a_return_as_well() {
        let wanted = [(1, cells(&["a", "b"])), (2, cells(&["1", "x\ry"])), (4, cells(&["2", "y"])), (6, cells(&["3", "z"]))];
        for size in [1, 2, 3, 7, 1000] {
            assert_eq!(rows(FORM, b"a,b\r1,\"x\ry\"\r2,y\r\r3,z", size), wanted, "{size}");
            assert_eq!(rows(FORM, b"a,b\r\n1,\"x\ry\"\r\n2,y\r\n\r\n3,z\r\n", size), wanted, "{size}");
        }
        let mut reader = Reader::new(FORM, 0, 1);
        let (used, record) = reader.read(b"a,b\r");
        assert_eq!((used, record.unwrap().line, reader.is_between()), (4, 1, true));
        assert_eq!((reader.end_line(b"\n1,2"), reader.at(), reader.is_between()), (1, (5, 2), false));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_where_its_row_begins() {
        assert_eq!(rows(FORM, b"a\n\"x,1\ny,2\nz,3\n", 4), [(1, cells(&["a"])), (2, Err(Unread::Quote))]);
        let mut file = b"a\n\"".to_vec();
        file.extend(b"x,1\n".repeat(100_000));
        assert_eq!(rows(FORM, &file, 8192), [(1, cells(&["a"])), (2, Err(Unread::Quote))]);
        assert_eq!(rows(FORM, b"a\n5\" pipe", 4), [(1, cells(&["a"])), (2, cells(&["5\" pipe"]))]);
    }

    #[test]
    fn reading_goes_on_from_where_it_was_left() {
        let file = b"a,b\r\n1,2\r\n3,4\r\n";
        let mut first = Reader::new(FORM, 0, 1);
        let (used, record) = first.read(file);
        assert_eq!(record.unwrap().cells, cells(&["a", "b"]));
        first.end_line(&file[used..]);
        let (position, line) = first.at();
        let mut second = Reader::new(FORM, position, line);
        let (_, record) = second.read(&file[position as usize..]);
        assert_eq!(record, Some(Record { line: 2, cells: cells(&["1", "2"]) }));
    }

    #[test]
    fn letters_are_read_as_the_import_says() {
        assert_eq!(rows(FORM, b"J\xfcrgen\nok\n", 4), [(1, Err(Unread::Encoding)), (2, cells(&["ok"]))]);
        assert_eq!(rows(Form { encoding: Encoding::Latin1, ..FORM }, b"J\xfcrgen\n", 4), [(1, cells(&["J\u{fc}rgen"]))]);
    }

    #[test]
    fn a_row_that_is_too_long_is_read_over_without_being_kept() {
        let mut file = b"ok\n\"".to_vec();
        file.extend(std::iter::repeat_n(b'x', 300_000));
        file.extend(b"\",y\n");
        file.extend(b"a,".repeat(COLUMNS + 1));
        file.extend(b"\nlast");
        let found = rows(FORM, &file, 8192);
        assert_eq!(found, [(1, cells(&["ok"])), (2, Err(Unread::TooLong)), (3, Err(Unread::TooLong)), (4, cells(&["last"]))]);
    }
}
