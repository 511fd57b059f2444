//! Words and figures put together, and written.

use core::num::NonZero;

use heapless::{Vec, VecView};

use super::digits::{EIGHT, SIXTEEN, TEN, digits};
use super::help::HELP;
use super::words::{Figures, Words};
use crate::kernel::errno::Errno;
use crate::kernel::port::{Fd, Kernel, write_all};

/// Answers --help or --version.
///
/// # Errors
/// Those of [`write_all`].
#[inline(never)] // its buffer would be in the frame of every run
pub fn answer<K: Kernel>(words: Words, kernel: &mut K) -> Result<(), Errno> {
    let mut waiting = Vec::<u8, MAX_WRITE>::new();
    let mut text = Text::new(Some((kernel, Fd::OUT)), &mut waiting);
    text.fill(words);
    text.flush();
    text.written
}

/// Most bytes of a text that go out in one write. The longest text is --help.
pub const MAX_WRITE: usize = 2560;
const _: () = assert!(HELP.len() <= MAX_WRITE, "the help text is one write");

/// A text, written in one piece where it fits, and whole in any case.
pub struct Text<'k, K: Kernel> {
    /// Where it is written to; without, all of it must fit into `waiting`.
    out: Option<(&'k mut K, Fd)>,
    /// The line of the batch that is wrong, until it is named.
    pub line: Option<NonZero<u32>>,
    /// The word that is wrong.
    pub word: &'k [u8],
    /// The figures of the next words.
    pub figures: Figures,
    /// What is not written yet.
    waiting: &'k mut VecView<u8>,
    /// How writing went so far.
    pub written: Result<(), Errno>,
}

impl<'k, K: Kernel> Text<'k, K> {
    /// A text that is written to `out`, or gathered in `waiting`.
    #[inline(always)]
    pub fn new(out: Option<(&'k mut K, Fd)>, waiting: &'k mut VecView<u8>) -> Self {
        Self {
            out,
            line: None,
            word: b"",
            figures: [0; 3],
            waiting,
            written: Ok(()),
        }
    }

    /// Adds bytes.
    pub fn put(&mut self, bytes: &[u8]) {
        if self.waiting.extend_from_slice(bytes).is_err() {
            self.flush();
            if self.waiting.extend_from_slice(bytes).is_err() {
                self.write(bytes);
            }
        }
    }

    /// Puts a number, with so many digits at least.
    pub fn number(&mut self, number: u64, base: NonZero<u64>, width: usize) {
        let digits = digits(number, base);
        for _ in digits.len()..width {
            self.put(b"0");
        }
        for digit in digits.iter().rev() {
            self.put(&[*digit]);
        }
    }

    /// Begins a line with the program's name and these words.
    pub fn begin(&mut self, words: Words) {
        self.put(b"ipcmk: ");
        if let Some(line) = self.line.take() {
            self.put(b"line ");
            self.number(line.get().into(), TEN, 1);
            self.put(b": ");
        }
        self.fill(words);
    }

    /// Puts words, with what they have places for.
    pub fn fill(&mut self, words: Words) {
        let mut figures = self.figures.into_iter();
        words.put(&mut |byte| {
            let (base, width) = match byte {
                b'@' => return self.put(self.word),
                b'%' => (TEN, 1),
                b'#' => (SIXTEEN, 1),
                b'$' => (SIXTEEN, 8),
                b'&' => (EIGHT, 4),
                _ => return self.put(&[byte]),
            };
            self.number(figures.next().unwrap_or_default(), base, width);
        });
    }

    /// Ends the line with a reason, if there is one.
    pub fn reason(&mut self, errno: Errno) {
        if errno != Errno::NONE {
            self.put(b": ");
            match Words::of_errno(errno) {
                Some(words) => self.fill(words),
                None => {
                    self.figures = [errno.number(), 0, 0];
                    self.fill(Words::UNKNOWN_ERRNO);
                }
            }
        }
        self.put(b"\n");
    }

    /// Writes bytes, if nothing has failed so far.
    fn write(&mut self, bytes: &[u8]) {
        if self.written.is_ok() {
            self.written = match &mut self.out {
                Some((kernel, fd)) => write_all(*kernel, *fd, bytes),
                None => Err(Errno::ENOBUFS),
            };
        }
    }

    /// Writes what waits, if there is somewhere to write.
    pub fn flush(&mut self) {
        if let Some((kernel, fd)) = &mut self.out {
            if self.written.is_ok() {
                self.written = write_all(*kernel, *fd, self.waiting);
            }
            self.waiting.clear();
        }
    }
}
