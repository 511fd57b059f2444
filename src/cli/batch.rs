//! The lines of `--batch`: a text to lines, and a line to words.

use super::argv::Argv;

/// The words of one command line: the program's own, or those of a line of a batch.
#[derive(Clone)]
pub enum Arguments<'a, A> {
    /// Those that the program was started with.
    Command(A),
    /// Those of a line: separated by blanks, up to a word that begins with `#`.
    Line(&'a [u8]),
}

impl<'a, A: Argv<'a>> Iterator for Arguments<'a, A> {
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

/// Removes the first line, which ends with LF, CR LF or CR, from the start of a text, and returns
/// it without its end.
pub fn take_line<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    let (line, rest) = text
        .split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or_default();
    *text = match rest {
        [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
        [] => rest,
    };
    line
}
