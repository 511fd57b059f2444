//! The packed texts, for src/report/words.rs.

use std::format;
use std::io;
use std::string::{String, ToString};

use super::{BYTES, PAIRS, PLAIN, ROWS, Words};
use crate::kernel::errno::Errno;

#[test]
fn texts_come_out_as_they_went_in() {
    let errno = Errno::TEXTS.iter().map(|row| row.1);
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

/// The C library of the machine is the judge of the texts.
#[test]
fn texts_of_errors_are_those_of_strerror() {
    for &(number, _) in Errno::TEXTS {
        let words = Words::of_errno(Errno::new(number.into())).expect("it is in the table");
        let mut text = String::new();
        words.put(&mut |byte| text.push(byte.into()));
        let libc = io::Error::from_raw_os_error(number.into());
        assert_eq!(libc.to_string(), format!("{text} (os error {number})"));
    }
    for number in [0, 133, 4095] {
        assert_eq!(Words::of_errno(Errno::new(number)), None);
    }
}
