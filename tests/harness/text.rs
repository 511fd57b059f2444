//! Parses the three small languages inside a line of a case file, escapes, words and patterns, and
//! formats bytes for reports.

use crate::namespace::Kind;

/// What a text was parsed to, or what is wrong with it.
pub type Parsed<T> = Result<T, String>;

/// A piece of an expected line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Any decimal number.
    Number,
    /// The key, as eight hexadecimal digits, of the object of the identifier before it.
    Key,
    /// The identifier of an object.
    Id(Kind, Which),
}

/// The object whose identifier a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// One that a run of the case created, and that no placeholder has matched yet.
    New,
    /// The one that the n-th `New` placeholder of the kind has matched, from 1.
    Named(usize),
    /// The n-th `given` object of the kind, from 1.
    Given(usize),
}

/// An expected line.
pub type Pattern = Vec<Piece>;

/// Splits a `run:` line into arguments.
pub fn words(line: &str) -> Parsed<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line.trim_matches(' ');
    while !rest.is_empty() {
        let (word, times, after) = word(rest)?;
        if word.contains(&0) {
            return Err("a word cannot hold a NUL byte".into());
        }
        words.extend(std::iter::repeat_n(word, times));
        rest = after.trim_start_matches(' ');
    }
    Ok(words)
}

/// Reads one word. Returns its bytes, how often it is repeated, and the rest of the line.
fn word(text: &str) -> Parsed<(Vec<u8>, usize, &str)> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            ' ' => break,
            '\'' => {
                let (literal, after) = rest[1..].split_once('\'').ok_or("a ' is never closed")?;
                bytes.extend(literal.as_bytes());
                after
            }
            '"' => double_quoted(&rest[1..], &mut bytes)?,
            '\\' => escape(&rest[1..], &mut bytes)?,
            '{' => match repetition(rest)? {
                Some((unit, times, after)) if unit.is_empty() => {
                    if !(after.is_empty() || after.starts_with(' ')) {
                        return Err("{*N} belongs at the end of a word".into());
                    }
                    return Ok((bytes, times, after));
                }
                Some((unit, times, after)) => {
                    bytes.extend(unit.repeat(times));
                    after
                }
                None => plain(rest, first, &mut bytes),
            },
            _ => plain(rest, first, &mut bytes),
        };
    }
    Ok((bytes, 1, rest))
}

fn plain<'a>(text: &'a str, first: char, bytes: &mut Vec<u8>) -> &'a str {
    let (character, after) = text.split_at(first.len_utf8());
    bytes.extend(character.as_bytes());
    after
}

fn double_quoted<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Parsed<&'a str> {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '"' => return Ok(&rest[1..]),
            '\\' => escape(&rest[1..], bytes)?,
            _ => plain(rest, first, bytes),
        };
    }
    Err("a \" is never closed".into())
}

/// Reads what follows a backslash.
fn escape<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Parsed<&'a str> {
    let first = text.chars().next().ok_or("a backslash at the end")?;
    let byte = match first {
        'n' => b'\n',
        't' => b'\t',
        'r' => b'\r',
        'x' => {
            let digits = text.get(1..3).ok_or("\\x needs two hexadecimal digits")?;
            let byte =
                u8::from_str_radix(digits, 16).map_err(|_| format!("\\x{digits} is no byte"))?;
            bytes.push(byte);
            return Ok(&text[3..]);
        }
        '\\' | '\'' | '"' | '{' | '}' | ' ' => first as u8,
        _ => return Err(format!("\\{first} is no escape")),
    };
    bytes.push(byte);
    Ok(&text[1..])
}

/// Reads `{unit*times}`, if that is what `text` begins with.
fn repetition(text: &str) -> Parsed<Option<(Vec<u8>, usize, &str)>> {
    let Some((inside, after)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return Ok(None);
    };
    let Some((unit, times)) = inside.rsplit_once('*') else {
        return Ok(None);
    };
    let Ok(times) = times.parse() else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    let mut rest = unit;
    while let Some(first) = rest.chars().next() {
        rest = if first == '\\' {
            escape(&rest[1..], &mut bytes)?
        } else {
            plain(rest, first, &mut bytes)
        };
    }
    Ok(Some((bytes, times, after)))
}

/// Reads the first word of a line. The rest begins after one blank.
pub fn first_word(line: &str) -> Parsed<(Vec<u8>, &str)> {
    if line.is_empty() {
        return Err("a name is missing".into());
    }
    match word(line)? {
        (bytes, 1, rest) => Ok((bytes, rest.strip_prefix(' ').unwrap_or(rest))),
        _ => Err("{*N} makes no single word".into()),
    }
}

/// Reads a text with escapes and `{ab*3}`, and no other syntax.
pub fn literal(line: &str) -> Parsed<Vec<u8>> {
    let pieces = pattern(line)?.into_iter();
    let bytes = pieces.map(|piece| match piece {
        Piece::Bytes(bytes) => Ok(bytes),
        _ => Err("there is nothing that a placeholder could stand for".to_owned()),
    });
    Ok(bytes.collect::<Parsed<Vec<_>>>()?.concat())
}

/// Reads an expected line.
pub fn pattern(line: &str) -> Parsed<Pattern> {
    if line.ends_with(' ') {
        return Err("a blank at the end of a line cannot be seen: write \\x20".into());
    }
    let mut pieces = Vec::new();
    let mut bytes = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        rest = if first == '\\' {
            escape(&rest[1..], &mut bytes)?
        } else if let Some((unit, times, after)) = repetition(rest)? {
            bytes.extend(unit.repeat(times));
            after
        } else if let Some((piece, after)) = placeholder(rest)? {
            if !bytes.is_empty() {
                pieces.push(Piece::Bytes(std::mem::take(&mut bytes)));
            }
            pieces.push(piece);
            after
        } else {
            plain(rest, first, &mut bytes)
        };
    }
    if !bytes.is_empty() {
        pieces.push(Piece::Bytes(bytes));
    }
    Ok(pieces)
}

/// Reads `{name}`, if `text` begins with it. Braces around other characters than lower-case
/// letters, hyphens and digits are plain text, so that JSON needs no escapes.
fn placeholder(text: &str) -> Parsed<Option<(Piece, &str)>> {
    let Some((name, after)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return Ok(None);
    };
    let in_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(in_name) {
        return Ok(None);
    }
    let unknown =
        || format!("{{{name}}} is no placeholder (for the text itself write \\{{{name}}})");
    match name {
        "number" => return Ok(Some((Piece::Number, after))),
        "key" => return Ok(Some((Piece::Key, after))),
        _ => {}
    }
    let (given, object) = match name.strip_prefix("given-") {
        Some(object) => (true, object),
        None => (false, name),
    };
    let digits = object
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(object.len());
    let (kind, index) = object.split_at(digits);
    let kind = Kind::named(kind).ok_or_else(unknown)?;
    let index = match index {
        "" => None,
        _ => Some(index.parse().ok().filter(|&n| n > 0).ok_or_else(unknown)?),
    };
    let which = match (given, index) {
        (true, index) => Which::Given(index.unwrap_or(1)),
        (false, Some(index)) => Which::Named(index),
        (false, None) => Which::New,
    };
    Ok(Some((Piece::Id(kind, which), after)))
}

/// An identifier in a line, at the place of a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The kind that the placeholder names.
    pub kind: Kind,
    /// The object that the placeholder stands for.
    pub which: Which,
    /// The number in the line.
    pub id: i32,
    /// The key that the line shows after it, if it does.
    pub key: Option<u32>,
}

/// Compares `line` with `pattern`. Returns the identifiers in it, or None if they differ.
pub fn match_line(pattern: &[Piece], line: &[u8]) -> Option<Vec<Shown>> {
    let mut shown: Vec<Shown> = Vec::new();
    let mut rest = line;
    for piece in pattern {
        if let Piece::Bytes(bytes) = piece {
            rest = rest.strip_prefix(bytes.as_slice())?;
            continue;
        }
        if *piece == Piece::Key {
            let (digits, after) = rest.split_at_checked(8)?;
            let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            let digits = str::from_utf8(digits).ok()?;
            if !digits.as_bytes().iter().all(is_digit) {
                return None;
            }
            shown.last_mut()?.key = u32::from_str_radix(digits, 16).ok();
            rest = after;
            continue;
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, after) = rest.split_at(digits);
        let number = std::str::from_utf8(number)
            .ok()
            .filter(|number| !number.is_empty())?;
        if let Piece::Id(kind, which) = *piece {
            shown.push(Shown {
                kind,
                which,
                id: number.parse().ok()?,
                key: None,
            });
        }
        rest = after;
    }
    rest.is_empty().then_some(shown)
}

/// Formats a pattern as in a case file.
pub fn show_pattern(pattern: &[Piece]) -> String {
    pattern
        .iter()
        .map(|piece| match piece {
            Piece::Bytes(bytes) => show(bytes),
            Piece::Number => "{number}".to_owned(),
            Piece::Key => "{key}".to_owned(),
            Piece::Id(kind, Which::New) => format!("{{{kind}}}"),
            Piece::Id(kind, Which::Named(n)) => format!("{{{kind}{n}}}"),
            Piece::Id(kind, Which::Given(n)) => format!("{{given-{kind}{n}}}"),
        })
        .collect()
}

/// Most bytes of one line or word that a report shows.
const SHOWN_BYTES: usize = 400;

/// Formats bytes unambiguously, without the middle of a very long text.
pub fn show(bytes: &[u8]) -> String {
    if bytes.len() > SHOWN_BYTES {
        let (head, tail) = (
            &bytes[..SHOWN_BYTES / 2],
            &bytes[bytes.len() - SHOWN_BYTES / 4..],
        );
        return format!(
            "{} [... {} bytes in all ...] {}",
            show(head),
            bytes.len(),
            show(tail)
        );
    }
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(byte.into()),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

/// Quotes a word for bash.
pub fn shell_word(word: &[u8]) -> String {
    let safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_=+,./:@%^".contains(byte);
    if !word.is_empty() && word.iter().all(safe) {
        return String::from_utf8_lossy(word).into_owned();
    }
    let printable = |byte: &u8| (b' '..=b'~').contains(byte) && *byte != b'\'';
    if word.iter().all(printable) {
        return format!("'{}'", String::from_utf8_lossy(word));
    }
    let mut quoted = String::from("$'");
    for &byte in word {
        match byte {
            b'\\' | b'\'' => quoted.extend(['\\', byte.into()]),
            b' '..=b'~' => quoted.push(byte.into()),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        words(line)
            .expect(line)
            .iter()
            .map(|word| show(word))
            .collect()
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(
            split(r#"'' "" 'a  b' "c\td" e\ f"#),
            ["", "", "a  b", "c\\x09d", "e f"]
        );
        assert_eq!(
            split(r#"'\n' "\n" \n \xff\x41 a'b'"c"d"#),
            ["\\\\n", "\\x0a", "\\x0a", "\\xffA", "abcd"]
        );
        assert_eq!(split("ü"), ["\\xc3\\xbc"]);
    }

    #[test]
    fn repetition_makes_long_words_and_many_words() {
        assert_eq!(split("-{a*5}z"), ["-aaaaaz"]);
        assert_eq!(
            split("-Q {-p600*2} {\\}*3}"),
            ["-Q", "-p600-p600", "}}}"].map(|w| w.replace("}}}", "{}*3}"))
        );
        assert_eq!(split("foo{*3} bar"), ["foo", "foo", "foo", "bar"]);
        assert_eq!(split("''{*2} '{a*5}'"), ["", "", "{a*5}"]);
        assert_eq!(words("{a*100000}").unwrap()[0].len(), 100_000);
        assert_eq!(split("{} {a} {a*b} {"), ["{}", "{a}", "{a*b}", "{"]);
    }

    #[test]
    fn bad_words_are_refused() {
        for bad in [
            "'a", "\"a", "a\\", "\\q", "\\x4", "\\xgg", "\\x00", "a{*2}b",
        ] {
            assert!(words(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_know_their_placeholders() {
        assert_eq!(
            pattern("id: {shm}").unwrap(),
            [
                Piece::Bytes(b"id: ".into()),
                Piece::Id(Kind::Shm, Which::New)
            ]
        );
        assert_eq!(
            pattern("{msg2}").unwrap(),
            [Piece::Id(Kind::Msg, Which::Named(2))]
        );
        assert_eq!(
            pattern("{given-sem}").unwrap(),
            [Piece::Id(Kind::Sem, Which::Given(1))]
        );
        assert_eq!(pattern("{number}").unwrap(), [Piece::Number]);
        assert_eq!(pattern("{key}").unwrap(), [Piece::Key]);
        assert_eq!(
            pattern(r#"{"ipcmk": [{}]}"#).unwrap(),
            [Piece::Bytes(br#"{"ipcmk": [{}]}"#.into())]
        );
        assert_eq!(pattern(r"\{shm}").unwrap(), [Piece::Bytes(b"{shm}".into())]);
        assert_eq!(pattern("{x*3}").unwrap(), [Piece::Bytes(b"xxx".into())]);
        assert_eq!(pattern("").unwrap(), []);
        for bad in ["{shmem}", "{shm0}", "{id}", "blank at the end ", "\\"] {
            assert!(pattern(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lines_match_or_not() {
        let id = pattern("Shared memory id: {shm}").unwrap();
        let shown = Shown {
            kind: Kind::Shm,
            which: Which::New,
            id: 42,
            key: None,
        };
        assert_eq!(match_line(&id, b"Shared memory id: 42"), Some(vec![shown]));
        for other in [
            "Shared memory id: ",
            "Shared memory id: 42 ",
            "Shared memory id: x",
            "shared memory id: 42",
            "",
        ] {
            assert_eq!(match_line(&id, other.as_bytes()), None, "{other}");
        }
        assert_eq!(match_line(&id, b"Shared memory id: 99999999999"), None);
        assert_eq!(match_line(&[], b""), Some(vec![]));

        let json = pattern(r#"{"id": {msg}, "key": "0x{key}"}"#).unwrap();
        let key = |line: &str| match_line(&json, line.as_bytes()).map(|shown| shown[0].key);
        assert_eq!(key(r#"{"id": 1, "key": "0x0000abcd"}"#), Some(Some(0xabcd)));
        for other in ["0x000abcd", "0x00000abcd", "0x0000ABCD", "0x+000abcd"] {
            assert_eq!(key(&format!(r#"{{"id": 1, "key": "{other}"}}"#)), None);
        }
    }
}
