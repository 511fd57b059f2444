//! Converts numbers to digits.

use core::num::NonZero;

use heapless::Vec;

/// Base of permissions.
pub const EIGHT: NonZero<u64> = NonZero::new(8).unwrap();
/// Base of most numbers.
pub const TEN: NonZero<u64> = NonZero::new(10).unwrap();
/// Base of keys.
pub const SIXTEEN: NonZero<u64> = NonZero::new(16).unwrap();

/// Most digits of a number: those of `2^64 - 1` in octal.
pub const MAX_DIGITS: usize = 22;

/// The digits of a number to a base of up to 16, the last one first.
#[must_use]
pub fn digits(mut number: u64, base: NonZero<u64>) -> Vec<u8, MAX_DIGITS> {
    let mut digits = Vec::new();
    loop {
        let digit = u8::try_from(number % base).unwrap_or_default();
        // It has room for every digit: this cannot fail.
        _ = digits.push(digit + if digit < 10 { b'0' } else { b'a' - 10 });
        number /= base;
        if number == 0 {
            return digits;
        }
    }
}

#[cfg(test)]
#[path = "../../tests/unit/digits.rs"]
mod tests;
