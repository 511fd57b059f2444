//! Bytes that the user typed, to numbers: size, mode, count, key.
//!
//! Sizes follow util-linux's `strtosize`, its rounding of fractions included; modes and counts
//! follow strtoul(3) and strtoimax(3), which util-linux calls. Only overflow differs: it is an
//! error here.

use super::options::Argument;
use crate::kernel::abi::IPC_PRIVATE;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Bad {
    /// It is no number of this kind (EINVAL).
    Invalid,
    /// It is out of the range of its kind (ERANGE).
    Range,
}

/// Reads an argument of this kind, and returns its number: bytes, semaphores, a mode, a key; the id
/// of ftok(3); the number of values in a list; the binary logarithm of a huge page's bytes.
/// 0 for an argument that is no number.
///
/// # Errors
/// Those of the function of each kind; [`Bad::Range`] out of the kind's range.
pub fn read(argument: Argument, text: &[u8]) -> Result<u64, Bad> {
    let (number, least, most) = match argument {
        Argument::None | Argument::Name | Argument::File | Argument::Unread => return Ok(0),
        Argument::Size => (size(text), 0, u64::MAX),
        Argument::Qbytes => (size(text), 0, INT_MAX),
        Argument::Elements => (elements(text), 1, INT_MAX),
        Argument::Count => (elements(text), 0, INT_MAX),
        Argument::Libc => (libc(text), 0, 1),
        Argument::Mode => (mode(text), 0, 0o777),
        Argument::Key => (key(text), 0, u32::MAX.into()),
        Argument::Ftok => (ftok_id(text), 0, 255),
        Argument::Owner => (owner(text), 0, 0),
        Argument::Values => (list(text, b',', INT_MAX), 1, u64::MAX),
        Argument::HugePage => (huge_page(text), 1, u64::MAX),
    };
    let number = number?;
    if (least..=most).contains(&number) {
        Ok(number)
    } else {
        Err(Bad::Range)
    }
}

/// Reads octal digits as strtoul(3) does, behind blanks and a sign.
///
/// # Errors
/// [`Bad::Range`] over 64 bits.
pub fn mode(text: &[u8]) -> Result<u64, Bad> {
    whole(text, Base::Eight, u64::MAX)
}

/// Reads decimal digits as strtoimax(3) does, behind blanks and a sign. A negative number becomes
/// its two's complement, at least `2^63`.
///
/// # Errors
/// [`Bad::Range`] over 63 bits.
pub fn elements(text: &[u8]) -> Result<u64, Bad> {
    whole(text, Base::Ten, u64::MAX >> 1)
}

/// Reads a key: decimal, octal with a leading 0, hexadecimal with a leading 0x, or `private`, which
/// is IPC_PRIVATE, 0. Negative decimals are the keys over 31 bits, as /proc/sysvipc shows them.
/// Blanks and other signs are refused.
///
/// # Errors
/// [`Bad::Range`] over 64 bits, or under `-2^31`.
pub fn key(text: &[u8]) -> Result<u64, Bad> {
    if text == PRIVATE {
        return Ok(IPC_PRIVATE.into());
    }
    let [b'-', b'1'..=b'9', ..] = text else {
        return unsigned(text, Base::Prefix, u64::MAX);
    };
    let key = whole(text, Base::Ten, u64::MAX >> 1)?;
    if key >= !INT_MAX {
        Ok(key & u64::from(u32::MAX))
    } else {
        Err(Bad::Range)
    }
}

/// Reads the name of a C library: 0 is glibc, 1 is musl.
///
/// # Errors
/// [`Bad::Invalid`] for another one.
pub fn libc(text: &[u8]) -> Result<u64, Bad> {
    if text == b"glibc" {
        Ok(0)
    } else if text == b"musl" {
        Ok(1)
    } else {
        Err(Bad::Invalid)
    }
}

/// Reads the id of ftok(3), written as a key is; 1 if [`split_ftok`] finds none.
///
/// # Errors
/// [`Bad::Invalid`] if more than the number is behind the colon.
pub fn ftok_id(text: &[u8]) -> Result<u64, Bad> {
    let (path, id) = split_ftok(text);
    if path.len() == text.len() {
        return Ok(1);
    }
    unsigned(id, Base::Prefix, u64::MAX)
}

/// Splits a path from the id of ftok(3), which is behind the last colon and begins with a digit.
#[must_use]
pub fn split_ftok(text: &[u8]) -> (&[u8], &[u8]) {
    let colon = text.iter().rposition(|&byte| byte == b':');
    match text.split_at_checked(colon.unwrap_or(text.len())) {
        Some((path, [_, id @ ..])) if id.first().is_some_and(u8::is_ascii_digit) => (path, id),
        _ => (text, b""),
    }
}

/// Splits a text into what stands before a byte and the rest: nothing, or what begins with it.
#[must_use]
pub fn split_at(text: &[u8], byte: u8) -> (&[u8], &[u8]) {
    let place = text.iter().position(|&other| other == byte);
    text.split_at_checked(place.unwrap_or(text.len()))
        .unwrap_or_default()
}

/// Counts the decimal numbers of a list, each at most `most`, with a `separator` between them.
///
/// # Errors
/// [`Bad::Range`] for a number over `most`; [`Bad::Invalid`] for any other text.
pub fn list(mut text: &[u8], separator: u8, most: u64) -> Result<u64, Bad> {
    let mut count = 0;
    loop {
        count += 1;
        if digits(&mut text, 10)? > most {
            return Err(Bad::Range);
        }
        match text {
            [] => return Ok(count),
            [byte, rest @ ..] if *byte == separator => text = rest,
            _ => return Err(Bad::Invalid),
        }
    }
}

/// Checks what --owner names: a user, and a group behind a colon. It has no number.
///
/// # Errors
/// [`Bad::Range`] for an id over [`MAX_ID`]; [`Bad::Invalid`] for an empty name, or for three.
pub fn owner(text: &[u8]) -> Result<u64, Bad> {
    let (user, group) = split_at(text, b':');
    for part in [user, group.get(1..).unwrap_or(user)] {
        if part.is_empty() || !split_at(part, b':').1.is_empty() {
            return Err(Bad::Invalid);
        }
        if id(part) == Err(Bad::Range) {
            return Err(Bad::Range);
        }
    }
    Ok(0)
}

/// Reads the id of a user or a group.
///
/// # Errors
/// [`Bad::Range`] over [`MAX_ID`]; [`Bad::Invalid`] for what is not all digits: a name.
pub fn id(text: &[u8]) -> Result<u64, Bad> {
    if text.iter().all(u8::is_ascii_digit) {
        whole(text, Base::Ten, MAX_ID)
    } else {
        Err(Bad::Invalid)
    }
}

/// Reads a size that is a power of two, and returns its binary logarithm.
///
/// # Errors
/// Those of [`size`]; [`Bad::Invalid`] for another size.
pub fn huge_page(text: &[u8]) -> Result<u64, Bad> {
    let size = size(text)?;
    if size.is_power_of_two() {
        Ok(size.trailing_zeros().into())
    } else {
        Err(Bad::Invalid)
    }
}

/// Reads a number that begins with a digit.
fn unsigned(text: &[u8], base: Base, most: u64) -> Result<u64, Bad> {
    if text.first().is_some_and(u8::is_ascii_digit) {
        whole(text, base, most)
    } else {
        Err(Bad::Invalid)
    }
}

/// The largest int of C, and the largest value of a POSIX semaphore: SEM_VALUE_MAX.
const INT_MAX: u64 = 0x7fff_ffff;
/// The largest id of a user or a group. The next number is `(uid_t) -1`, which changes nothing.
pub const MAX_ID: u64 = 0xffff_fffe;

/// IPC_PRIVATE by name.
pub const PRIVATE: &[u8] = b"private";

/// Removes the decimal number, and blanks before it, from the start of a text, and returns it. None
/// if the text does not begin with one.
pub fn take(text: &mut &[u8]) -> Option<u64> {
    natural(text, Base::Ten).ok()
}

/// Reads a size in bytes, `0` to `2^64 - 1`.
///
/// `10`, `0x10`, `010`, with a suffix `10K` = `10KiB` (1024), `10KB` (1000),
/// up to Y, in either case; with a suffix also a fraction, `1.5M`.
///
/// # Errors
/// [`Bad::Range`] where the number of bytes, or its unit, is over 64 bits.
pub fn size(mut text: &[u8]) -> Result<u64, Bad> {
    if is_negative(text) {
        return Err(Bad::Invalid);
    }
    let number = natural(&mut text, Base::Prefix)?;
    let mut fraction = Fraction {
        digits: 0,
        zeros: 0,
    };
    if text.is_empty() {
        return Ok(number);
    }
    loop {
        let (&letter, tail) = text.split_first().ok_or(Bad::Invalid)?;
        let base = match tail {
            [] | [b'i', b'B' | b'b'] => 1024,
            [b'B' | b'b'] => 1000,
            // util-linux accepts several points if only zeros follow them.
            _ if letter == b'.' && fraction.digits == 0 => {
                text = fraction.read(tail)?;
                continue;
            }
            _ => return Err(Bad::Invalid),
        };
        return scale(number, fraction, unit(letter, base)?).ok_or(Bad::Range);
    }
}

/// The digits behind the decimal point: `.0025` is 25 after 2 zeros.
struct Fraction {
    digits: u64,
    zeros: usize,
}

impl Fraction {
    /// Reads the digits at the start of a text, and returns the rest.
    fn read<'a>(&mut self, mut text: &'a [u8]) -> Result<&'a [u8], Bad> {
        while let [b'0', tail @ ..] = text {
            text = tail;
            self.zeros += 1;
        }
        if let [b'1'..=b'9', ..] = text {
            self.digits = digits(&mut text, 10)?;
        }
        Ok(text)
    }
}

/// Bytes in the unit that a suffix names: `base` for K, its square for M, ...
fn unit(letter: u8, base: u64) -> Result<u64, Bad> {
    let mut unit = Some(1_u64);
    for suffix in b"KMGTPEZY" {
        unit = unit.and_then(|unit| unit.checked_mul(base));
        if *suffix == letter.to_ascii_uppercase() {
            return unit.ok_or(Bad::Range);
        }
    }
    Err(Bad::Invalid)
}

/// The bytes of `whole.fraction` units, rounded as in util-linux: each decimal digit's share of the
/// unit by two integer divisions (`0.3K` is 341, `1.10K` is 2048). None over 64 bits.
fn scale(whole: u64, mut fraction: Fraction, unit: u64) -> Option<u64> {
    let mut bytes = whole.checked_mul(unit)?;

    // The digits are tenths, hundredths, ...: digits over 64 bits are dropped.
    let mut parts: u64 = 10;
    loop {
        // Not `>`: util-linux reads ".10" as ten tenths.
        if parts >= fraction.digits {
            if fraction.zeros == 0 || fraction.digits == 0 {
                break;
            }
            fraction.zeros -= 1;
        }
        match parts.checked_mul(10) {
            Some(finer) => parts = finer,
            None => fraction.digits /= 10,
        }
    }

    while fraction.digits != 0 {
        let digit = fraction.digits % 10;
        let share = parts
            .checked_div(digit)
            .and_then(|share| unit.checked_div(share));
        bytes = bytes.checked_add(share.unwrap_or(0))?;
        fraction.digits /= 10;
        parts /= 10;
    }
    Some(bytes)
}

#[derive(Clone, Copy)]
enum Base {
    Eight,
    Ten,
    /// 16 behind 0x, 8 behind 0, else 10.
    Prefix,
}

/// Reads a whole text as a number of at most `most`; behind a minus, as its two's complement, as
/// strtoul(3) does.
fn whole(mut text: &[u8], base: Base, most: u64) -> Result<u64, Bad> {
    let is_negative = is_negative(text);
    let number = natural(&mut text, base)?;
    if number > most.saturating_add(is_negative.into()) {
        Err(Bad::Range)
    } else if !text.is_empty() {
        Err(Bad::Invalid)
    } else if is_negative {
        Ok(number.wrapping_neg())
    } else {
        Ok(number)
    }
}

/// Whether a number is behind a minus.
fn is_negative(text: &[u8]) -> bool {
    matches!(behind_blanks(text), [b'-', ..])
}

/// Skips blanks: those of isspace(3) in the C locale, tab to carriage return and the space.
fn behind_blanks(mut text: &[u8]) -> &[u8] {
    while let [b'\t'..=b'\r' | b' ', tail @ ..] = text {
        text = tail;
    }
    text
}

/// Removes the number at the start of a text, and blanks and a sign before it, and returns it.
fn natural(text: &mut &[u8], base: Base) -> Result<u64, Bad> {
    *text = behind_blanks(text);
    if let [b'+' | b'-', tail @ ..] = text {
        *text = tail;
    }
    let base = match (base, *text) {
        (Base::Prefix, [b'0', b'x' | b'X', tail @ ..])
            if tail.first().is_some_and(u8::is_ascii_hexdigit) =>
        {
            *text = tail;
            16
        }
        (Base::Prefix, [b'0', ..]) | (Base::Eight, _) => 8,
        (Base::Prefix | Base::Ten, _) => 10,
    };
    digits(text, base)
}

/// Removes the digits at the start of a text, and returns their number.
///
/// # Errors
/// [`Bad::Invalid`] for none; [`Bad::Range`] over 64 bits.
fn digits(text: &mut &[u8], base: u64) -> Result<u64, Bad> {
    let mut number: Result<u64, Bad> = Err(Bad::Invalid);
    while let [byte, tail @ ..] = text {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'F' | b'a'..=b'f' => (byte | 0x20) - b'a' + 10,
            _ => break,
        };
        let digit = u64::from(digit);
        if digit >= base {
            break;
        }
        let before = number.unwrap_or(0).checked_mul(base);
        let with_digit = before.and_then(|before| before.checked_add(digit));
        number = Ok(with_digit.ok_or(Bad::Range)?);
        *text = tail;
    }
    number
}

#[cfg(test)]
#[path = "../../tests/unit/number.rs"]
mod tests;
