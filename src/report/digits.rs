//! Converts numbers to digits.

use core::num::NonZero;

/// Base of permissions.
pub const EIGHT: NonZero<u64> = NonZero::new(8).unwrap();
/// Base of most numbers.
pub const TEN: NonZero<u64> = NonZero::new(10).unwrap();
/// Base of keys.
pub const SIXTEEN: NonZero<u64> = NonZero::new(16).unwrap();

/// Most digits of a number: those of `2^64 - 1` in octal.
pub const MAX_DIGITS: usize = 22;

/// Writes the digits of a number, to a base of up to 16, into `room`, and returns them.
#[must_use]
pub fn digits(mut number: u64, base: NonZero<u64>, room: &mut [u8; MAX_DIGITS]) -> &[u8] {
    let mut start = room.len();
    for place in room.iter_mut().rev() {
        let digit = u8::try_from(number % base).unwrap_or_default();
        *place = digit + if digit < 10 { b'0' } else { b'a' - 10 };
        start -= 1;
        number /= base;
        if number == 0 {
            break;
        }
    }
    room.get(start..).unwrap_or_default()
}

#[cfg(test)]
#[path = "../../tests/unit/digits.rs"]
mod tests;
