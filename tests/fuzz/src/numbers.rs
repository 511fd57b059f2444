//! Any bytes as a number.

use ipcmk::number::{self, Bad};
use ipcmk::request::{Key, Mode, Nsems};

use crate::model;

/// The text up to its first NUL, as a number of each kind.
pub fn run(data: &[u8]) {
    let text = data.split(|&byte| byte == 0).next().unwrap_or_default();
    let shown = || text.escape_ascii().to_string();
    assert_eq!(number::size(text), model::size(text), "size {:?}", shown());

    // What is no mode, count or key is told by the request's own types.
    let range = Bad::Range;
    let mode = number::mode(text).and_then(|mode| Mode::new(mode).ok_or(range));
    assert_eq!(
        mode.map(Mode::bits),
        model::mode(text),
        "mode {:?}",
        shown()
    );

    // Behind 2^63 itself, which strtoimax(3) refuses before it looks further, ours finds the text
    // wrong in another way.
    let wrong = |bad| {
        let is_least = text.windows(19).any(|part| part == b"9223372036854775808");
        if is_least { range } else { bad }
    };
    let nsems = number::elements(text).and_then(|nsems| Nsems::new(nsems).ok_or(range));
    assert_eq!(
        nsems.map(Nsems::get).map_err(wrong),
        model::nsems(text).map_err(wrong),
        "nsems {:?}",
        shown()
    );

    let key = number::key(text).and_then(|key| Key::new(key).ok_or(range));
    assert_eq!(key, model::key(text).map(Key::Chosen), "key {:?}", shown());
    let mut rest = text;
    let taken = number::take(&mut rest).map(|number| (number, rest));
    // The kernel writes no minus, and what one would mean is left open.
    if !text.contains(&b'-') {
        assert_eq!(taken, model::take(text), "at the start of {:?}", shown());
    }
    if number::is_marked_key(text) {
        let is_marked = text.starts_with(b"0x") || text.starts_with(b"0X") || text == b"private";
        assert!(is_marked, "{:?} is marked", shown());
    }
}
