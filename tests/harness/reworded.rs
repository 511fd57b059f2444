//! Reads the list of texts that two versions of the program word differently.
//!
//! A row is `old => new`; `#` begins a comment. A text may be a part of a line. In it:
//!
//! | | stands for |
//! | --- | --- |
//! | `%` | a decimal number |
//! | `#` | a hexadecimal number |
//! | `@` | any bytes, or none |
//! | `\n` | the end of a line |
//! | `\%`, `\#`, `\@`, `\\` | this byte |
//!
//! Every number and every run of bytes in the new text must also be in the old one, at a place of
//! the same kind. Outside these texts both outputs must be equal.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::text::Parsed;

/// The list of reworded texts.
#[derive(Default)]
pub struct Reworded(Vec<Row>);

/// A text.
struct Row {
    /// The row, verbatim.
    text: String,
    old: Vec<Piece>,
    new: Vec<Piece>,
    /// Number of texts that it has explained.
    met: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Byte(u8),
    Decimal,
    Hexadecimal,
    Any,
}

/// The bytes at the places of a text.
type Found<'a> = Vec<(Piece, &'a [u8])>;

impl Reworded {
    /// Reads the list.
    ///
    /// # Errors
    /// The number of a line that is not a row, whose texts are equal, or that is there twice.
    pub fn parse(content: &str) -> Parsed<Self> {
        let mut rows: Vec<Row> = Vec::new();
        for (number, line) in (1..).zip(content.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let row = row(line).map_err(|message| format!("line {number}: {message}"))?;
            let is_there = |other: &Row| (&other.old, &other.new) == (&row.old, &row.new);
            if rows.iter().any(is_there) {
                return Err(format!("line {number}: this row stands twice"));
            }
            rows.push(row);
        }
        Ok(Self(rows))
    }

    /// Whether `new` is `old` with texts of the list reworded.
    pub fn explains(&self, old: &[u8], new: &[u8]) -> bool {
        self.explains_from(old, 0, new, 0)
    }

    /// The same from these offsets on.
    fn explains_from(&self, old: &[u8], from: usize, new: &[u8], new_from: usize) -> bool {
        let (rest, new_rest) = (&old[from..], &new[new_from..]);
        if rest == new_rest {
            return true;
        }
        let pairs = rest.iter().zip(new_rest);
        let equal = pairs.take_while(|(byte, other)| byte == other).count();
        for at in (from..=from + equal).rev() {
            let new_at = new_from + at - from;
            for row in &self.0 {
                for (length, found) in matches(&row.old, &old[at..], None) {
                    for (new_length, _) in matches(&row.new, &new[new_at..], Some(&found)) {
                        let (end, new_end) = (at + length, new_at + new_length);
                        // Equal texts need no explanation.
                        let is_other = old[at..end] != new[new_at..new_end];
                        if is_other && self.explains_from(old, end, new, new_end) {
                            row.met.fetch_add(1, Ordering::Relaxed);
                            return true;
                        }
                    }
                }
            }
        }
        false
    }
}

/// Formats the number of rows that have explained a text, and lists the others.
impl fmt::Display for Reworded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_met = |row: &&Row| row.met.load(Ordering::Relaxed) > 0;
        let (met, not_met): (Vec<&Row>, Vec<&Row>) = self.0.iter().partition(is_met);
        writeln!(f, "reworded texts met: {} of {}", met.len(), self.0.len())?;
        let mut not_met = not_met.iter();
        not_met.try_for_each(|row| writeln!(f, "  not met: {}", row.text))
    }
}

/// Reads a row.
fn row(line: &str) -> Parsed<Row> {
    let (old, new) = line.split_once(" => ").ok_or("no `old => new`")?;
    let (old, new) = (pieces(old)?, pieces(new)?);
    if old.is_empty() || old == new {
        return Err("it rewords nothing".into());
    }
    if let Some(piece) = new
        .iter()
        .find(|piece| is_place(piece) && !old.contains(piece))
    {
        return Err(format!("{piece:?}: the old text has no such place"));
    }
    Ok(Row {
        text: line.to_owned(),
        old,
        new,
        met: AtomicUsize::new(0),
    })
}

const fn is_place(piece: &Piece) -> bool {
    !matches!(piece, Piece::Byte(_))
}

fn pieces(text: &str) -> Parsed<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        pieces.push(match byte {
            b'%' => Piece::Decimal,
            b'#' => Piece::Hexadecimal,
            b'@' => Piece::Any,
            b'\\' => match bytes.next() {
                Some(b'n') => Piece::Byte(b'\n'),
                Some(byte @ (b'%' | b'#' | b'@' | b'\\')) => Piece::Byte(byte),
                _ => return Err("`\\` and this byte are no escape".into()),
            },
            _ => Piece::Byte(byte),
        });
    }
    Ok(pieces)
}

/// Every way in which bytes begin with a text: its length, and the bytes at its places. With
/// `among`, only bytes that it has at a place of the same kind.
fn matches<'a>(
    text: &[Piece],
    bytes: &'a [u8],
    among: Option<&Found<'_>>,
) -> Vec<(usize, Found<'a>)> {
    let Some((&piece, text)) = text.split_first() else {
        return vec![(0, Vec::new())];
    };
    let run = |is: fn(&u8) -> bool| {
        let length = bytes.iter().take_while(|byte| is(byte)).count();
        length..=length
    };
    let lengths = match piece {
        Piece::Byte(byte) if bytes.first() == Some(&byte) => 1..=1,
        Piece::Byte(_) => return Vec::new(),
        Piece::Decimal => run(u8::is_ascii_digit),
        Piece::Hexadecimal => run(u8::is_ascii_hexdigit),
        Piece::Any => 0..=bytes.len(),
    };
    let mut all = Vec::new();
    for length in lengths {
        let (here, rest) = bytes.split_at(length);
        let is_there = |found: &Found<'_>| found.contains(&(piece, here));
        if is_place(&piece)
            && (among.is_some_and(|found| !is_there(found))
                || (piece != Piece::Any && here.is_empty()))
        {
            continue;
        }
        for (more, mut found) in matches(text, rest, among) {
            if is_place(&piece) {
                found.push((piece, here));
            }
            all.push((length + more, found));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explains(list: &str, old: &str, new: &str) -> bool {
        let list = Reworded::parse(list).unwrap();
        list.explains(old.as_bytes(), new.as_bytes())
    }

    #[test]
    fn equal_texts_need_no_row() {
        assert!(explains("", "ipcmk: a\n", "ipcmk: a\n"));
        assert!(!explains("", "ipcmk: a\n", "ipcmk: b\n"));
        assert!(!explains("", "ipcmk: a\n", ""));
    }

    #[test]
    fn a_row_explains_its_text_and_nothing_else() {
        let list = "# comment\n\n'@' has % bytes => % bytes are all that '@' has\n";
        let old = "ipcmk: no\nipcmk: 'x' has 7 bytes\n";
        assert!(explains(
            list,
            old,
            "ipcmk: no\nipcmk: 7 bytes are all that 'x' has\n"
        ));
        for new in [
            "ipcmk: no\nipcmk: 8 bytes are all that 'x' has\n",
            "ipcmk: no\nipcmk: 7 bytes are all that 'y' has\n",
            "ipcmk: no\nipcmk: 7 bytes are all that 'x' has",
            "ipcmk: yes\nipcmk: 7 bytes are all that 'x' has\n",
            "ipcmk: no\n7 bytes are all that 'x' has\n",
            "ipcmk: no\nipcmk: 7 bytes are all that 'x' has\nmore\n",
            "ipcmk: no\n",
            "",
        ] {
            assert!(!explains(list, old, new), "{new:?}");
        }
    }

    #[test]
    fn several_texts_and_what_is_between() {
        let list = "read '@' failed => reading '@' failed\nkey 0x# => the key 0x#";
        let old = "ipcmk: line 3: read 'a\nb' failed: Why\nipcmk: key 0xff0\n";
        let new = "ipcmk: line 3: reading 'a\nb' failed: Why\nipcmk: the key 0xff0\n";
        assert!(explains(list, old, new));
        assert!(!explains(list, old, &new.replace("Why", "Who")));
        assert!(!explains(list, old, &new.replace("line 3", "line 4")));
        assert!(!explains(list, old, &new.replace("ff0", "ff")));
    }

    #[test]
    fn lines_come_and_go() {
        assert!(explains(
            "a => a\\nipcmk: b",
            "ipcmk: a\n",
            "ipcmk: a\nipcmk: b\n"
        ));
        assert!(explains("a\\n => ", "b\na\nc\n", "b\nc\n"));
    }

    #[test]
    fn a_row_counts_what_it_explains() {
        let list = Reworded::parse("a => b\nc => d\nb => a").unwrap();
        assert!(list.explains(b"a\na\nc\n", b"b\nb\nd\n"));
        assert!(!list.explains(b"c\n", b"e\n"));
        let met: Vec<usize> = list
            .0
            .iter()
            .map(|row| row.met.load(Ordering::Relaxed))
            .collect();
        assert_eq!(met, [2, 1, 0]);
        assert_eq!(
            list.to_string(),
            "reworded texts met: 2 of 3\n  not met: b => a\n"
        );
    }

    #[test]
    fn a_row_that_is_none_is_refused() {
        for bad in [
            "a",
            "a => a",
            " => a",
            "a\\b => c",
            "a => b\na => b",
            "a => %",
        ] {
            assert!(Reworded::parse(bad).is_err(), "{bad:?}");
        }
    }
}
