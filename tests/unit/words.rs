use std::string::String;

use super::{BYTES, PAIRS, PLAIN, ROWS, Words};
use crate::kernel::errno;

#[test]
fn texts_come_out_as_they_went_in() {
    let errno = errno::TEXTS.iter().map(|row| row.1);
    let texts = ROWS.concat().into_iter().chain(errno);
    for (place, text) in (0..).zip(texts) {
        let mut unpacked = String::new();
        Words(place).put(&mut |byte| unpacked.push(byte.into()));
        assert_eq!(unpacked, text);
    }
}

/// What else would it be there for?
#[test]
fn they_take_less_room() {
    let packed = BYTES.len() + size_of_val(&PAIRS);
    assert!(packed * 10 < PLAIN.length() * 7, "{packed}");
}
