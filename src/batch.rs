//! Many command lines in one run: the lines of `--batch`.

use heapless::Vec;

use crate::plan::{MOST_STEPS, Made};
use crate::report::LONGEST_JSON;

/// Objects that a batch can ask for.
pub const MOST_OBJECTS: u64 = 4096;
/// Bytes that its lines can have.
pub const MOST_BYTES: usize = 512 * 1024;
/// Bytes that its output can have: it goes out at once. Only JSON in which hundreds of
/// long paths are arrays can be longer; that is an error.
pub const MOST_OUTPUT: usize = 4096 * LONGEST_JSON + 6 * MOST_BYTES;

/// The words of one command line, from the program's own or out of a batch.
#[derive(Clone)]
pub enum Arguments<'a, A> {
    /// Those that the program was started with.
    Command(A),
    /// Those of a line: parted by blanks, up to a word that begins with `#`.
    Line(&'a [u8]),
}

impl<'a, A: Iterator<Item = &'a [u8]>> Iterator for Arguments<'a, A> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        match self {
            Self::Command(arguments) => arguments.next(),
            Self::Line(rest) => {
                let line = rest.trim_ascii_start();
                let end = line.iter().position(u8::is_ascii_whitespace);
                let (word, tail) = line.split_at_checked(end.unwrap_or(line.len()))?;
                *rest = tail;
                (!matches!(word, [] | [b'#', ..])).then_some(word)
            }
        }
    }
}

/// Memory for what is larger than a few ids. Pages of it that are not needed are not
/// touched. All zeros are an empty one: a heapless `Vec` is a length and bytes of any
/// value.
pub struct Room<'a, const TEXT: usize, const OBJECTS: usize, const OUTPUT: usize> {
    /// The lines of a batch.
    pub text: [u8; TEXT],
    /// What is made.
    pub made: Vec<Made<'a>, OBJECTS>,
    /// What is printed.
    pub output: Vec<u8, OUTPUT>,
}

/// Room for a batch, with one byte more than its lines may have, so that too many
/// are noticed.
pub type BatchRoom<'a> = Room<'a, { MOST_BYTES + 1 }, 4096, MOST_OUTPUT>;

/// Room for one line with names, or in JSON. A path for ftok(3) is printed three times
/// at most, and takes 20 KiB as an array.
pub type LineRoom<'a> = Room<'a, 0, MOST_STEPS, { 96 * 1024 }>;

/// Takes the first line off a text.
pub fn take_line<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|&byte| byte == b'\n');
    let (line, rest) = text
        .split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or_default();
    *text = rest.get(1..).unwrap_or_default();
    line
}
