//! Numbers to digits, for src/report/digits.rs.

use std::string::String;

use super::{EIGHT, SIXTEEN, TEN, digits};

#[test]
fn digits_come_last_one_first() {
    for (number, base, expected) in [
        (0, TEN, "0"),
        (7, EIGHT, "7"),
        (0o640, EIGHT, "046"),
        (4096, TEN, "6904"),
        (0xdead_beef, SIXTEEN, "feebdaed"),
        (u64::MAX, TEN, "51615590737044764481"),
        (u64::MAX, SIXTEEN, "ffffffffffffffff"),
        (u64::MAX, EIGHT, "7777777777777777777771"),
    ] {
        let digits = digits(number, base);
        let text: String = digits.iter().copied().map(char::from).collect();
        assert_eq!(text, expected, "{number} to base {base}");
    }
}
