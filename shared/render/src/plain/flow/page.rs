//! Lines of text being filled, as html2text fills them.

/// The longest word that surely fits a line, also in a heading of the sixth level.
pub(super) const WORD: usize = 70;

/// Lines being filled.
pub(super) struct Page {
    pub(super) width: usize,
    /// What each line starts with.
    prefix: &'static str,
    pub(super) out: String,
    /// Whether a line has text.
    pub(super) written: bool,
    /// Whether a block has ended, so that an empty line stands before what follows.
    pub(super) ended: bool,
    line: String,
    line_width: usize,
    word: String,
    word_width: usize,
    /// Whether a space stands between line and word.
    space: bool,
}

impl Page {
    pub(super) fn new(width: usize, prefix: &'static str) -> Self {
        Self {
            width,
            prefix,
            out: String::new(),
            written: false,
            ended: false,
            line: String::new(),
            line_width: 0,
            word: String::new(),
            word_width: 0,
            space: false,
        }
    }

    pub(super) fn text(&mut self, text: &str) -> Option<()> {
        if self.ended {
            if text.bytes().all(|byte| byte.is_ascii_whitespace()) {
                return Some(());
            }
            self.start_block();
        }
        for c in text.chars() {
            if c.is_ascii_whitespace() {
                self.end_word();
                self.space |= self.line_width > 0;
            } else {
                self.word.push(c);
                self.word_width += 1;
                if self.word_width > WORD {
                    return None;
                }
            }
        }
        Some(())
    }

    fn end_word(&mut self) {
        if self.word_width == 0 {
            return;
        }
        if self.line_width + usize::from(self.space) + self.word_width > self.width {
            self.end_line();
        } else if self.space {
            self.line.push(' ');
            self.line_width += 1;
        }
        self.space = false;
        self.line.push_str(&self.word);
        self.line_width += self.word_width;
        self.word.clear();
        self.word_width = 0;
    }

    fn end_line(&mut self) {
        if self.line_width > 0 {
            self.out.push_str(self.prefix);
            self.out.push_str(&self.line);
            self.out.push('\n');
            self.line.clear();
            self.line_width = 0;
            self.written = true;
        }
    }

    pub(super) fn flush(&mut self) {
        self.end_word();
        self.end_line();
        self.space = false;
    }

    fn empty_line(&mut self) {
        self.flush();
        self.out.push_str(self.prefix);
        self.out.push('\n');
        self.ended = false;
    }

    pub(super) fn start_block(&mut self) {
        self.flush();
        if self.written {
            self.empty_line();
        }
        self.ended = false;
    }

    pub(super) fn break_line(&mut self) {
        if self.word_width == 0 && self.line_width == 0 { self.empty_line() } else { self.flush() }
    }
}
