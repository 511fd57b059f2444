//! Reads numbers as util-linux does, with glibc's functions. Unlike there, only a number that
//! exceeds 64 bits is out of range.

use std::ffi::CString;

use ipcmk::cli::number::Bad;

/// A function like strtoul(3): the number that a text begins with, and what follows it.
fn strto<N>(
    text: &[u8],
    base: libc::c_int,
    function: unsafe extern "C" fn(*const libc::c_char, *mut *mut libc::c_char, libc::c_int) -> N,
) -> Result<(N, &[u8]), Bad> {
    let string = CString::new(text).expect("no argument holds a NUL");
    let mut end = std::ptr::null_mut();
    // SAFETY: errno belongs to this thread; the string ends with a NUL, and the function writes
    // nothing but `end`.
    let (number, errno) = unsafe {
        *libc::__errno_location() = 0;
        let number = function(string.as_ptr(), &mut end, base);
        (number, *libc::__errno_location())
    };
    match (end.addr() - string.as_ptr().addr(), errno) {
        (_, libc::ERANGE) => Err(Bad::Range),
        (0, _) => Err(Bad::Invalid),
        (used, _) => Ok((number, &text[used..])),
    }
}

/// The number, if nothing follows it.
fn whole<N>((number, rest): (N, &[u8])) -> Result<N, Bad> {
    match rest {
        [] => Ok(number),
        _ => Err(Bad::Invalid),
    }
}

/// A mode, 0 to 0777.
pub fn mode(text: &[u8]) -> Result<u32, Bad> {
    match strto(text, 8, libc::strtoul).and_then(whole)? {
        mode @ 0..=0o777 => Ok(mode as u32),
        _ => Err(Bad::Range),
    }
}

/// A number of semaphores. strtoimax(3) is strtol here.
pub fn nsems(text: &[u8]) -> Result<u32, Bad> {
    match strto(text, 10, libc::strtol).and_then(whole)? {
        number @ 1..=0x7fff_ffff => Ok(number as u32),
        _ => Err(Bad::Range),
    }
}

/// A key, which only our ipcmk reads: digits, with a prefix for base 16 or 8.
pub fn key(text: &[u8]) -> Result<u32, Bad> {
    match text {
        b"private" => Ok(0),
        [b'0'..=b'9', ..] => {
            let key = strto(text, 0, libc::strtoul).and_then(whole)?;
            u32::try_from(key).map_err(|_| Bad::Range)
        }
        // The keys over 31 bits, as ints.
        [b'-', b'1'..=b'9', ..] => {
            let key = strto(text, 10, libc::strtol).and_then(whole);
            // A number and something else is no key, whatever its size; one over 64 bits is none
            // first.
            i32::try_from(key?)
                .map(i32::cast_unsigned)
                .map_err(|_| Bad::Range)
        }
        _ => Err(Bad::Invalid),
    }
}

/// A path, and the id of ftok(3) after its last colon, if that is followed by a digit.
pub fn ftok(text: &[u8]) -> (&[u8], Result<u64, Bad>) {
    let colon = text.iter().rev().position(|&byte| byte == b':');
    let id = &text[text.len() - colon.unwrap_or(0)..];
    if !id.first().is_some_and(u8::is_ascii_digit) {
        return (text, Ok(1));
    }
    let id_or_bad = match strto(id, 0, libc::strtoul).and_then(whole) {
        Ok(id @ 0..=255) => Ok(id),
        Ok(_) => Err(Bad::Range),
        Err(bad) => Err(bad),
    };
    (&text[..text.len() - id.len() - 1], id_or_bad)
}

/// A text of digits only, up to `most`.
fn digits(text: &[u8], most: u64) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_plain.then(|| text.parse().ok())??;
    (number <= most).then_some(number)
}

/// Whether a text is a user, perhaps with a group: ids or names.
pub fn is_owner(text: &[u8]) -> bool {
    let parts: Vec<&[u8]> = text.split(|&byte| byte == b':').collect();
    let most = u64::from(u32::MAX) - 1;
    let is_one = |part: &&[u8]| {
        let is_name = part.iter().any(|byte| !byte.is_ascii_digit());
        is_name || digits(part, most).is_some()
    };
    parts.len() <= 2 && parts.iter().all(is_one)
}

/// Number of values of semaphores in a text.
pub fn values(text: &[u8]) -> Option<u64> {
    let values: Vec<&[u8]> = text.split(|&byte| byte == b',').collect();
    let all = values
        .iter()
        .all(|value| digits(value, 0x7fff_ffff).is_some());
    all.then_some(values.len() as u64)
}

/// A number of messages. strtoimax(3) is strtol here.
pub fn count(text: &[u8]) -> Result<u64, Bad> {
    match strto(text, 10, libc::strtol).and_then(whole)? {
        number @ 0..=0x7fff_ffff => Ok(number as u64),
        _ => Err(Bad::Range),
    }
}

/// The number at the start of a text from the kernel, and the rest.
pub fn take(text: &[u8]) -> Option<(u64, &[u8])> {
    strto(text, 10, libc::strtoul).ok()
}

/// A size, as strtosize of util-linux reads it. strtoumax(3) is strtoul here.
pub fn size(text: &[u8]) -> Result<u64, Bad> {
    // SAFETY: takes any byte.
    let is_space = |byte: &&u8| unsafe { libc::isspace((**byte).into()) } != 0;
    if text.iter().find(|byte| !is_space(byte)) == Some(&b'-') {
        return Err(Bad::Invalid);
    }
    let (number, mut rest) = strto(text, 0, libc::strtoul)?;
    if rest.is_empty() {
        return Ok(number);
    }
    let mut fraction = Vec::new();
    let mut zeros = 0;
    // Points are skipped until one is followed by a digit other than 0.
    while fraction.is_empty() && rest.starts_with(b".") {
        rest = &rest[1..];
        let digits = rest.iter().take_while(|&&byte| byte == b'0').count();
        zeros += digits;
        rest = &rest[digits..];
        if rest.first().is_some_and(u8::is_ascii_digit) {
            let (number, after) = strto(rest, 10, libc::strtoul)?;
            fraction = number.to_string().into_bytes();
            rest = after;
        }
    }
    let unit = unit(rest).ok_or(Bad::Invalid)?;
    let fits = |bytes: u128| u64::try_from(bytes).map_err(|_| Bad::Range);
    fits(unit)?;
    fits(u128::from(number) * unit + share(&fraction, zeros, unit))
}

/// Bytes in a unit: `K` is 1024, `KiB` too, `KB` 1000.
fn unit(name: &[u8]) -> Option<u128> {
    let (letter, base) = match name {
        [letter] | [letter, b'i', b'B' | b'b'] => (letter, 1024_u128),
        [letter, b'B' | b'b'] => (letter, 1000),
        _ => return None,
    };
    let letters = b"KMGTPEZY";
    let power = letters
        .iter()
        .position(|upper| *upper == letter.to_ascii_uppercase())?;
    Some(base.pow(power as u32 + 1))
}

/// The value of the digits after the point, and after `zeros` zeros. Each digit counts by itself:
/// the 4 of .004 is one of 1000 / 4 parts of the unit, both divisions rounded down.
fn share(digits: &[u8], zeros: usize, unit: u128) -> u128 {
    // Digits after the last power of ten that 64 bits can hold are dropped.
    const LAST_PLACE: usize = 19;
    // strtosize takes a power of ten as that many parts: .10 is ten of ten.
    let is_power = matches!(digits, [b'1', zeros @ ..] if !zeros.is_empty() && zeros.iter().all(|&digit| digit == b'0'));
    let first_place = zeros + usize::from(!is_power);
    let share = |(place, digit): (usize, &u8)| {
        let part = 10_u128
            .pow(place as u32)
            .checked_div(u128::from(digit - b'0'));
        part.and_then(|part| unit.checked_div(part)).unwrap_or(0)
    };
    (first_place..=LAST_PLACE).zip(digits).map(share).sum()
}
