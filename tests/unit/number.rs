//! Tables for src/cli/number.rs. What util-linux makes of thousands of sizes is
//! compared in tests/suites/sizes.rs; here are the ones that explain the rules.

use super::Bad::{Invalid, Range};
use super::{Bad, elements, ftok_id, huge_page, key, list, mode, read, size, split_ftok, take};
use crate::cli::options::Argument;

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
            ("9223372036854775808", Err(Range)),
            ("+9223372036854775808", Err(Range)),
            // strtoimax(3) refuses it before it looks further.
            ("9223372036854775808x", Err(Range)),
            ("9223372036854775807x", Err(Invalid)),
            ("-1", Ok(u64::MAX)),
            ("-9223372036854775808", Ok(1 << 63)),
            ("-9223372036854775808x", Err(Invalid)),
            ("-9223372036854775809", Err(Range)),
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
            ("0x100000000", Ok(1 << 32)),
            ("18446744073709551615", Ok(u64::MAX)),
            ("4660", Ok(0x1234)),
            ("011064", Ok(0x1234)),
            ("Private", Err(Invalid)),
            ("+1", Err(Invalid)),
            (" 1", Err(Invalid)),
            ("-1", Ok(0xffff_ffff)),
            ("-559038737", Ok(0xdead_beef)),
            ("-2147483648", Ok(0x8000_0000)),
            ("-2147483649", Err(Range)),
            ("-0", Err(Invalid)),
            ("-01", Err(Invalid)),
            ("-0x1", Err(Invalid)),
            ("-1x", Err(Invalid)),
            ("-2147483649x", Err(Invalid)),
            ("-9223372036854775809", Err(Range)),
            ("--1", Err(Invalid)),
            ("-", Err(Invalid)),
            ("0x", Err(Invalid)),
            ("", Err(Invalid)),
            ("18446744073709551616", Err(Range)),
        ],
    );
}

#[test]
fn lists_are_counted() {
    let values: fn(&[u8]) -> _ = |text| list(text, b',', 32767);
    check(
        values,
        &[
            ("0", Ok(1)),
            ("32767", Ok(1)),
            ("1,2,3", Ok(3)),
            ("00000000000000000000000007,0", Ok(2)),
            ("32768", Err(Range)),
            ("1,32768", Err(Range)),
            ("18446744073709551616", Err(Range)),
            // The first mistake counts.
            ("32768,x", Err(Range)),
            ("x,32768", Err(Invalid)),
            ("32768x", Err(Range)),
            ("", Err(Invalid)),
            (",", Err(Invalid)),
            ("1,", Err(Invalid)),
            (",1", Err(Invalid)),
            ("1,,2", Err(Invalid)),
            ("1:2", Err(Invalid)),
            ("1, 2", Err(Invalid)),
            ("1 ,2", Err(Invalid)),
            (" 1", Err(Invalid)),
            ("+1", Err(Invalid)),
            ("-1", Err(Invalid)),
            ("1,-1", Err(Invalid)),
            ("1.5", Err(Invalid)),
            ("1K", Err(Invalid)),
        ],
    );
    let owner: fn(&[u8]) -> _ = |text| list(text, b':', 0xffff_fffe);
    check(
        owner,
        &[
            ("1000:100", Ok(2)),
            ("4294967294", Ok(1)),
            ("4294967295", Err(Range)),
            ("0:4294967295", Err(Range)),
            ("1:", Err(Invalid)),
            (":1", Err(Invalid)),
            ("root", Err(Invalid)),
        ],
    );
}

#[test]
fn the_id_of_ftok_follows_the_last_colon() {
    check(
        ftok_id,
        &[
            ("/etc/passwd", Ok(1)),
            ("", Ok(1)),
            ("/:2", Ok(2)),
            ("/:010", Ok(8)),
            ("/:0xff", Ok(255)),
            ("/:0", Ok(0)),
            ("/:256", Ok(256)),
            ("a:1:2", Ok(2)),
            (":7", Ok(7)),
            // Without a digit there the colon is the path's.
            ("a:1:b", Ok(1)),
            ("a:", Ok(1)),
            ("a:-1", Ok(1)),
            ("a: 1", Ok(1)),
            ("a:1x", Err(Invalid)),
            ("a:08", Err(Invalid)),
            ("a:0x", Err(Invalid)),
            ("a:1/b", Err(Invalid)),
            ("a:18446744073709551616", Err(Range)),
        ],
    );
    for (text, path, id) in [
        ("/etc/passwd", "/etc/passwd", ""),
        ("/:2", "/", "2"),
        ("a:1:2", "a:1", "2"),
        ("a:1:b", "a:1:b", ""),
        ("a:", "a:", ""),
        (":7", "", "7"),
        ("a:1x", "a", "1x"),
        ("", "", ""),
    ] {
        let parts = (path.as_bytes(), id.as_bytes());
        assert_eq!(split_ftok(text.as_bytes()), parts, "{text:?}");
    }
}

#[test]
fn huge_pages_are_powers_of_two() {
    check(
        huge_page,
        &[
            ("1", Ok(0)),
            ("2", Ok(1)),
            ("2M", Ok(21)),
            ("2097152", Ok(21)),
            ("0x200000", Ok(21)),
            ("1GiB", Ok(30)),
            ("0.5G", Ok(29)),
            ("9223372036854775808", Ok(63)),
            ("8E", Ok(63)),
            ("0", Err(Invalid)),
            ("3", Err(Invalid)),
            ("2MB", Err(Invalid)),
            ("", Err(Invalid)),
            ("x", Err(Invalid)),
            ("18446744073709551615", Err(Invalid)),
            ("16E", Err(Range)),
        ],
    );
}

/// Every bound of each kind of argument, from both sides.
#[test]
fn arguments_have_ranges() {
    type Row = (Argument, &'static str, Result<u64, Bad>);
    let rows: &[Row] = &[
        (Argument::None, "x", Ok(0)),
        (Argument::Unread, "99999999999999999999", Ok(0)),
        (Argument::Size, "0", Ok(0)),
        (Argument::Size, "18446744073709551615", Ok(u64::MAX)),
        (Argument::Size, "18446744073709551616", Err(Range)),
        (Argument::Qbytes, "0", Ok(0)),
        (Argument::Qbytes, "2147483647", Ok(0x7fff_ffff)),
        (Argument::Qbytes, "2G", Err(Range)),
        (Argument::Qbytes, "4294967301", Err(Range)),
        (Argument::Elements, "0", Err(Range)),
        (Argument::Elements, "1", Ok(1)),
        (Argument::Elements, "2147483647", Ok(0x7fff_ffff)),
        (Argument::Elements, "2147483648", Err(Range)),
        (Argument::Elements, "4294967297", Err(Range)),
        (Argument::Elements, "-1", Err(Range)),
        (Argument::Elements, "-9223372036854775808", Err(Range)),
        (Argument::Elements, "x", Err(Invalid)),
        (Argument::Count, "0", Ok(0)),
        (Argument::Count, "2147483647", Ok(0x7fff_ffff)),
        (Argument::Count, "2147483648", Err(Range)),
        (Argument::Count, "9223372036854775808", Err(Range)),
        (Argument::Count, "-1", Err(Range)),
        (Argument::Count, "1K", Err(Invalid)),
        (Argument::Count, "", Err(Invalid)),
        (Argument::Libc, "glibc", Ok(0)),
        (Argument::Libc, "musl", Ok(1)),
        (Argument::Libc, "", Err(Invalid)),
        (Argument::Libc, "mus", Err(Invalid)),
        (Argument::Libc, "musl ", Err(Invalid)),
        (Argument::Libc, "Musl", Err(Invalid)),
        (Argument::Libc, "1", Err(Invalid)),
        (Argument::Mode, "0", Ok(0)),
        (Argument::Mode, "777", Ok(0o777)),
        (Argument::Mode, "1000", Err(Range)),
        (Argument::Mode, "-1", Err(Range)),
        (Argument::Mode, "-1777777777777777777001", Ok(0o777)),
        (Argument::Mode, "1777777777777777777777", Err(Range)),
        (Argument::Key, "0", Ok(0)),
        (Argument::Key, "private", Ok(0)),
        (Argument::Key, "0xffffffff", Ok(0xffff_ffff)),
        (Argument::Key, "4294967296", Err(Range)),
        (Argument::Key, "0x10000000000000000", Err(Range)),
        (Argument::Key, "-1", Ok(0xffff_ffff)),
        (Argument::Key, "-2147483648", Ok(0x8000_0000)),
        (Argument::Key, "-2147483649", Err(Range)),
        (Argument::Ftok, "/", Ok(1)),
        (Argument::Ftok, "/:0", Ok(0)),
        (Argument::Ftok, "/:1", Ok(1)),
        (Argument::Ftok, "/:255", Ok(255)),
        (Argument::Ftok, "/:256", Err(Range)),
        (Argument::Ftok, "/:1x", Err(Invalid)),
        (Argument::Owner, "0", Ok(0)),
        (Argument::Owner, "4294967294:4294967294", Ok(0)),
        (Argument::Owner, "4294967295", Err(Range)),
        (Argument::Owner, "0:4294967295", Err(Range)),
        (Argument::Owner, "0:0:0", Err(Invalid)),
        (Argument::Owner, "0,0", Ok(0)),
        (Argument::Owner, "root:5x", Ok(0)),
        (Argument::Owner, "root:", Err(Invalid)),
        (Argument::Owner, ":0", Err(Invalid)),
        (Argument::Owner, "18446744073709551616", Err(Range)),
        (Argument::Values, "0", Ok(1)),
        (Argument::Values, "0,32767,1,1", Ok(4)),
        (Argument::Values, "2147483647,0", Ok(2)),
        (Argument::Values, "2147483648", Err(Range)),
        (Argument::Values, "0,2147483648", Err(Range)),
        (Argument::Values, "0:1", Err(Invalid)),
        (Argument::HugePage, "1", Err(Range)),
        (Argument::HugePage, "2", Ok(1)),
        (Argument::HugePage, "8E", Ok(63)),
        (Argument::HugePage, "3", Err(Invalid)),
    ];
    for (argument, text, expected) in rows {
        let number = read(*argument, text.as_bytes());
        assert_eq!(number, *expected, "{argument:?} {text:?}");
    }
}

#[test]
fn numbers_are_taken_off_a_text() {
    let mut text: &[u8] = b" 12 \t34kB";
    assert_eq!(take(&mut text), Some(12));
    assert_eq!(text, b" \t34kB");
    assert_eq!(take(&mut text), Some(34));
    assert_eq!((take(&mut text), text), (None, &b"kB"[..]));
    assert_eq!(take(&mut &b"18446744073709551616"[..]), None);
    assert_eq!(take(&mut &b""[..]), None);
}
