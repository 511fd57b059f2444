//! Fills figures into words, and writes the text.

use core::num::NonZero;

use super::digits::{EIGHT, MAX_DIGITS, SIXTEEN, TEN, digits};
use super::escape::{escape, is_harmless};
use super::help::HELP;
use super::words::{Figures, Words};
use crate::kernel::arch::wide;
use crate::kernel::errno::Errno;
use crate::kernel::list::List;
use crate::kernel::port::{Fd, Kernel, write_all};

/// Answers --help or --version.
///
/// # Errors
/// Those of [`write_all`].
#[inline(never)] // its buffer would be in the frame of every run
pub fn answer<K: Kernel>(words: Words, kernel: &mut K) -> Result<(), Errno> {
    let mut waiting = [0; MAX_WRITE];
    let mut waiting = List::new(&mut waiting);
    let mut text = Text::new(Some((kernel, Fd::OUT)), &mut waiting);
    text.fill(words);
    text.flush();
    text.written
}

/// Most bytes of one write(2). The longest text is --help.
pub const MAX_WRITE: usize = 2560;
const _: () = assert!(HELP.len() <= MAX_WRITE, "the help text is one write");

/// A text that is written by one write(2) if it fits into the buffer, else by several.
pub struct Text<'k, 'm, K: Kernel> {
    /// Where it is written to; if None, all of it must fit into `waiting`.
    out: Option<(&'k mut K, Fd)>,
    /// The line of the batch that is wrong, until the text has named it.
    pub batch_line: Option<NonZero<u32>>,
    /// The word of the user's that `@` stands for.
    pub word: &'k [u8],
    /// The figures of the next words.
    pub figures: Figures,
    /// The bytes that are not written yet.
    waiting: &'k mut List<'m, u8>,
    /// The first error of writing.
    pub written: Result<(), Errno>,
}

impl<'k, 'm, K: Kernel> Text<'k, 'm, K> {
    /// An empty text.
    #[inline(always)] // else it is copied to its caller
    pub fn new(out: Option<(&'k mut K, Fd)>, waiting: &'k mut List<'m, u8>) -> Self {
        Self {
            out,
            batch_line: None,
            word: b"",
            figures: [0; 3],
            waiting,
            written: Ok(()),
        }
    }

    /// Adds bytes.
    pub fn put(&mut self, bytes: &[u8]) {
        if self.waiting.add(bytes).is_err() {
            self.flush();
            if self.waiting.add(bytes).is_err() {
                self.write(bytes);
            }
        }
    }

    /// Adds a number, with leading zeros up to `width` digits.
    pub fn number(&mut self, number: u64, base: NonZero<u64>, width: usize) {
        let mut room = [0; MAX_DIGITS];
        let digits = digits(number, base, &mut room);
        for _ in digits.len()..width {
            self.put(b"0");
        }
        self.put(digits);
    }

    /// Begins a line with the program's name and these words.
    pub fn begin(&mut self, words: Words) {
        self.put(b"ipcmk: ");
        if let Some(line) = self.batch_line.take() {
            self.put(b"line ");
            self.number(line.get().into(), TEN, 1);
            self.put(b": ");
        }
        self.fill(words);
    }

    /// Adds a line of these words, and of the text of an errno unless it is [`Errno::NONE`].
    pub fn line(&mut self, words: Words, errno: Errno) {
        self.begin(words);
        self.reason(errno);
    }

    /// Adds words, with the figures and the word filled in.
    pub fn fill(&mut self, words: Words) {
        let mut figures = self.figures.into_iter();
        words.put(&mut |byte| {
            let (base, width) = match byte {
                b'@' => return self.user(),
                b'%' => (TEN, 1),
                b'#' => (SIXTEEN, 1),
                b'$' => (SIXTEEN, 8),
                b'&' => (EIGHT, 4),
                b'^' => {
                    let [.., byte] = figures.next().unwrap_or_default().to_be_bytes();
                    return self.put(&[byte]);
                }
                _ => return self.put(&[byte]),
            };
            self.number(figures.next().unwrap_or_default(), base, width);
        });
    }

    /// Adds the word. One that could forge a line or move a terminal is escaped as by `ls -b` in
    /// the C locale.
    fn user(&mut self) {
        if is_harmless(self.word) {
            return self.put(self.word);
        }
        for &byte in self.word {
            if !byte.is_ascii_graphic() || byte == b'\\' {
                self.put(b"\\");
            }
            match escape(byte) {
                Some(letter) => self.put(&[letter]),
                None if byte.is_ascii_graphic() || byte == b' ' => self.put(&[byte]),
                None => self.number(byte.into(), EIGHT, 3),
            }
        }
    }

    /// Ends the line, with the text of an errno unless it is [`Errno::NONE`].
    pub fn reason(&mut self, errno: Errno) {
        if errno != Errno::NONE {
            self.put(b": ");
            match Words::of_errno(errno) {
                Some(words) => self.fill(words),
                None => {
                    self.figures = [wide(errno.number()), 0, 0];
                    self.fill(Words::UNKNOWN_ERRNO);
                }
            }
        }
        self.put(b"\n");
    }

    /// Writes bytes, unless a write failed before.
    fn write(&mut self, bytes: &[u8]) {
        if self.written.is_ok() {
            self.written = match &mut self.out {
                Some((kernel, fd)) => write_all(*kernel, *fd, bytes),
                None => Err(Errno::ENOBUFS),
            };
        }
    }

    /// Writes the waiting bytes, if the text has an `out`.
    pub fn flush(&mut self) {
        if let Some((kernel, fd)) = &mut self.out {
            if self.written.is_ok() {
                self.written = write_all(*kernel, *fd, self.waiting.items());
            }
            self.waiting.clear();
        }
    }
}
