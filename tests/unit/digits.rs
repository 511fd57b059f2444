//! Numbers to digits, for src/report/digits.rs.

use std::string::String;

use super::{EIGHT, MAX_DIGITS, SIXTEEN, TEN, digits};

#[test]
fn digits_of_each_base() {
    for (number, base, expected) in [
        (0, TEN, "0"),
        (7, EIGHT, "7"),
        (0o640, EIGHT, "640"),
        (4096, TEN, "4096"),
        (0xdead_beef, SIXTEEN, "deadbeef"),
        (u64::MAX, TEN, "18446744073709551615"),
        (u64::MAX, SIXTEEN, "ffffffffffffffff"),
        (u64::MAX, EIGHT, "1777777777777777777777"),
    ] {
        let mut room = [0; MAX_DIGITS];
        let digits = digits(number, base, &mut room);
        let text: String = digits.iter().copied().map(char::from).collect();
        assert_eq!(text, expected, "{number} to base {base}");
    }
}
