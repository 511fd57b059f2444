//! Tables for src/number.rs. What util-linux makes of thousands of sizes is
//! compared in tests/tests/sizes.rs; here are the ones that explain the rules.

use super::Bad::{Invalid, Range};
use super::{Bad, elements, key, mode, size};

type Row = (&'static str, Result<u64, Bad>);

fn check(read: fn(&[u8]) -> Result<u64, Bad>, rows: &[Row]) {
    for (text, expected) in rows {
        assert_eq!(read(text.as_bytes()), *expected, "{text:?}");
    }
}

#[test]
fn sizes() {
    check(
        size,
        &[
            ("0", Ok(0)),
            ("4096", Ok(4096)),
            ("0x1000", Ok(4096)),
            ("0X1f", Ok(31)),
            ("010", Ok(8)),
            (" \t\n+7", Ok(7)),
            ("18446744073709551615", Ok(u64::MAX)),
            ("18446744073709551616", Err(Range)),
            ("", Err(Invalid)),
            (" ", Err(Invalid)),
            ("-1", Err(Invalid)),
            ("\x0b-18446744073709551616", Err(Invalid)),
            ("+-1", Err(Invalid)),
            ("0x", Err(Invalid)),
            ("08", Err(Invalid)),
            ("1 ", Err(Invalid)),
        ],
    );
}

#[test]
fn suffixes() {
    check(
        size,
        &[
            ("1K", Ok(1 << 10)),
            ("1k", Ok(1 << 10)),
            ("1KiB", Ok(1 << 10)),
            ("1kib", Ok(1 << 10)),
            ("1KB", Ok(1000)),
            ("3Mb", Ok(3_000_000)),
            ("15E", Ok(15 << 60)),
            ("16E", Err(Range)),
            ("18EB", Ok(18_000_000_000_000_000_000)),
            ("1Z", Err(Range)),
            ("1Y", Err(Range)),
            ("1Q", Err(Invalid)),
            ("1Ki", Err(Invalid)),
            ("1KIB", Err(Invalid)),
            ("1KBB", Err(Invalid)),
            ("K", Err(Invalid)),
            ("1B", Err(Invalid)),
        ],
    );
}

/// util-linux rounds each digit by itself, and takes ".10" for ten tenths.
#[test]
fn fractions() {
    check(
        size,
        &[
            ("1.5K", Ok(1536)),
            ("1.5KB", Ok(1500)),
            ("0.3K", Ok(341)),
            ("1.05K", Ok(1075)),
            ("1.10K", Ok(2048)),
            ("1.0K", Ok(1024)),
            ("1.K", Ok(1024)),
            ("1..K", Ok(1024)),
            ("1.0.5K", Ok(1075)),
            ("1.5.0K", Err(Invalid)),
            ("1.5", Err(Invalid)),
            ("1.0", Err(Invalid)),
            ("1.", Err(Invalid)),
            (".5K", Err(Invalid)),
            ("1,5K", Err(Invalid)),
            ("15.9E", Err(Range)),
            ("1.18446744073709551616K", Err(Range)),
            ("1.00000000000000000000000000000001K", Ok(1024)),
        ],
    );
}

#[test]
fn modes_are_numbers_of_strtoul() {
    check(
        mode,
        &[
            ("0", Ok(0)),
            ("0600", Ok(0o600)),
            (" +777", Ok(0o777)),
            ("-0", Ok(0)),
            ("-1777777777777777777001", Ok(0o777)),
            ("1777777777777777777777", Ok(u64::MAX)),
            ("2000000000000000000000", Err(Range)),
            ("8", Err(Invalid)),
            ("0x1", Err(Invalid)),
            ("600 ", Err(Invalid)),
            ("", Err(Invalid)),
        ],
    );
}

#[test]
fn elements_are_numbers_of_strtoimax() {
    check(
        elements,
        &[
            ("3", Ok(3)),
            ("010", Ok(10)),
            ("+1", Ok(1)),
            ("9223372036854775807", Ok((1 << 63) - 1)),
            ("-1", Ok(u64::MAX)),
            ("-9223372036854775808", Ok(1 << 63)),
            ("-18446744073709551615", Err(Range)),
            ("0x3", Err(Invalid)),
            ("3x", Err(Invalid)),
            ("", Err(Invalid)),
        ],
    );
}

#[test]
fn keys() {
    check(
        key,
        &[
            ("0", Ok(0)),
            ("private", Ok(0)),
            ("0xffffffff", Ok(0xffff_ffff)),
            ("4660", Ok(0x1234)),
            ("011064", Ok(0x1234)),
            ("Private", Err(Invalid)),
            ("+1", Err(Invalid)),
            (" 1", Err(Invalid)),
            ("-1", Err(Invalid)),
            ("0x", Err(Invalid)),
            ("", Err(Invalid)),
            ("18446744073709551616", Err(Range)),
        ],
    );
}
