//! What the kernel answers when it refuses, and glibc's words for it.

use crate::draft::{Draft, small};

/// An error number, 1 to 4095, or none. `asm-generic/errno-base.h`, `errno.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(u16);

impl Errno {
    /// No error of the kernel's.
    pub const NONE: Self = Self(0);
    /// No such file or directory.
    pub const ENOENT: Self = Self(2);
    /// Interrupted system call.
    pub const EINTR: Self = Self(4);
    /// Input/output error.
    pub const EIO: Self = Self(5);
    /// Permission denied.
    pub const EACCES: Self = Self(13);
    /// File exists.
    pub const EEXIST: Self = Self(17);
    /// Invalid argument.
    pub const EINVAL: Self = Self(22);
    /// Numerical result out of range.
    pub const ERANGE: Self = Self(34);

    /// The error that a system call returned, as a positive number.
    #[must_use]
    pub fn new(number: i32) -> Self {
        Self(u16::try_from(number).unwrap_or_default())
    }

    /// The number itself.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// glibc's text, where it is one of [`TEXTS`].
    #[must_use]
    pub fn text(self) -> Option<&'static [u8]> {
        let mut rest: &[u8] = &PACKED;
        for &(number, length) in &LENGTHS {
            let (text, others) = rest.split_at_checked(length.into())?;
            if self.0 == number.into() {
                return Some(text);
            }
            rest = others;
        }
        None
    }
}

/// `strerror(3)` of the numbers that shmget, msgget, semget, their ctl calls,
/// write and getrandom are likely to return. Others are shown as they are.
const TEXTS: &[(u8, &str)] = &[
    (1, "Operation not permitted"),
    (2, "No such file or directory"),
    (5, "Input/output error"),
    (9, "Bad file descriptor"),
    (11, "Resource temporarily unavailable"),
    (12, "Cannot allocate memory"),
    (13, "Permission denied"),
    (17, "File exists"),
    (22, "Invalid argument"),
    (23, "Too many open files in system"),
    (24, "Too many open files"),
    (27, "File too large"),
    (28, "No space left on device"),
    (32, "Broken pipe"),
    (34, "Numerical result out of range"),
    (38, "Function not implemented"),
    (122, "Disk quota exceeded"),
];

/// [`TEXTS`] in a third of the room: each number with the length of its text.
static LENGTHS: [(u8, u8); TEXTS.len()] = lengths();

/// And the texts in a row.
static PACKED: [u8; packed::<0>().length] = packed::<{ packed::<0>().length }>().bytes;

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
const fn lengths() -> [(u8, u8); TEXTS.len()] {
    let mut lengths = [(0, 0); TEXTS.len()];
    let mut row = 0;
    while row < TEXTS.len() {
        let (number, text) = TEXTS[row];
        lengths[row] = (number, small(text.len()));
        row += 1;
    }
    lengths
}

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
const fn packed<const N: usize>() -> Draft<N> {
    let mut texts = Draft::EMPTY;
    let mut row = 0;
    while row < TEXTS.len() {
        texts = texts.put(TEXTS[row].1);
        row += 1;
    }
    texts
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::io;
    use std::string::ToString;

    use super::{Errno, TEXTS};

    /// The C library of the machine is the judge of the texts.
    #[test]
    fn texts_are_those_of_strerror() {
        for &(number, _) in TEXTS {
            let text = Errno(number.into()).text().expect("it is in the table");
            let libc = io::Error::from_raw_os_error(number.into());
            let text = text.escape_ascii();
            assert_eq!(libc.to_string(), format!("{text} (os error {number})"));
        }
        assert_eq!(Errno(0).text(), None);
        assert_eq!(Errno(133).text(), None);
        assert_eq!(Errno(4095).text(), None);
    }
}
