//! The packed texts, for src/report/words.rs.

use std::collections::BTreeSet;
use std::format;
use std::io;
use std::string::{String, ToString};

use super::{BITS, PLAIN, ROWS, Words};
use crate::kernel::errno::Errno;
use crate::report::rules::RULES;

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
    assert!(BITS.len() * 10 < PLAIN.length() * 6, "{}", BITS.len());
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
    for number in [0, 134, 4095] {
        assert_eq!(Words::of_errno(Errno::new(number)), None);
    }
}

/// No hint stands in the table of texts for nothing, and no rule says anything but a hint.
#[test]
fn hints_are_the_words_of_rules() {
    let said: BTreeSet<u8> = RULES
        .iter()
        .flat_map(|rule| rule.all_words())
        .map(|words| words.0)
        .collect();
    // A place for a kind that never needs the words is empty.
    let is_text = |place: &u8| {
        let mut length = 0;
        Words(*place).put(&mut |_| length += 1);
        length > 0
    };
    let hints: BTreeSet<u8> = (Words::IN_USE.0..=Words::SECURITY_MODULE_OR_FILTER.0)
        .filter(is_text)
        .collect();
    assert_eq!(said, hints);
}
