//! What the kernel answers when it refuses, and glibc's words for it.

/// An error number, 1 to 4095, or none. `asm-generic/errno-base.h`, `errno.h`.
/// (As wide as what calls return: a result fits two registers.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(u64);

impl Errno {
    /// No error of the kernel's.
    pub const NONE: Self = Self(0);
    /// Operation not permitted.
    pub const EPERM: Self = Self(1);
    /// No such file or directory.
    pub const ENOENT: Self = Self(2);
    /// Interrupted system call.
    pub const EINTR: Self = Self(4);
    /// Input/output error.
    pub const EIO: Self = Self(5);
    /// Resource temporarily unavailable.
    pub const EAGAIN: Self = Self(11);
    /// Cannot allocate memory.
    pub const ENOMEM: Self = Self(12);
    /// Permission denied.
    pub const EACCES: Self = Self(13);
    /// File exists.
    pub const EEXIST: Self = Self(17);
    /// Invalid argument.
    pub const EINVAL: Self = Self(22);
    /// Too many open files in system.
    pub const ENFILE: Self = Self(23);
    /// Too many open files.
    pub const EMFILE: Self = Self(24);
    /// Is a directory.
    pub const EISDIR: Self = Self(21);
    /// File too large.
    pub const EFBIG: Self = Self(27);
    /// No space left on device.
    pub const ENOSPC: Self = Self(28);
    /// Read-only file system.
    pub const EROFS: Self = Self(30);
    /// Numerical result out of range.
    pub const ERANGE: Self = Self(34);
    /// File name too long.
    pub const ENAMETOOLONG: Self = Self(36);
    /// Function not implemented.
    pub const ENOSYS: Self = Self(38);
    /// Identifier removed.
    pub const EIDRM: Self = Self(43);
    /// Operation not supported.
    pub const EOPNOTSUPP: Self = Self(95);
    /// No buffer space available.
    pub const ENOBUFS: Self = Self(105);

    /// The error with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// `strerror(3)` of the numbers that shmget, msgget, semget, their ctl calls,
/// write, getrandom and the calls of the looks and waits around them are
/// likely to return. Others are shown as they are.
pub const TEXTS: &[(u8, &str)] = &[
    (1, "Operation not permitted"),
    (2, "No such file or directory"),
    (4, "Interrupted system call"),
    (5, "Input/output error"),
    (9, "Bad file descriptor"),
    (11, "Resource temporarily unavailable"),
    (12, "Cannot allocate memory"),
    (13, "Permission denied"),
    (17, "File exists"),
    (20, "Not a directory"),
    (21, "Is a directory"),
    (22, "Invalid argument"),
    (23, "Too many open files in system"),
    (24, "Too many open files"),
    (27, "File too large"),
    (28, "No space left on device"),
    (30, "Read-only file system"),
    (32, "Broken pipe"),
    (34, "Numerical result out of range"),
    (36, "File name too long"),
    (38, "Function not implemented"),
    (40, "Too many levels of symbolic links"),
    (43, "Identifier removed"),
    (95, "Operation not supported"),
    (104, "Connection reset by peer"),
    (105, "No buffer space available"),
    (116, "Stale file handle"),
    (122, "Disk quota exceeded"),
];

#[cfg(test)]
mod tests {
    use std::format;
    use std::io;
    use std::string::{String, ToString};

    use super::{Errno, TEXTS};
    use crate::words::Words;

    /// The C library of the machine is the judge of the texts.
    #[test]
    fn texts_are_those_of_strerror() {
        for &(number, _) in TEXTS {
            let words = Words::of_errno(Errno(number.into())).expect("it is in the table");
            let mut text = String::new();
            words.put(&mut |byte| text.push(byte.into()));
            let libc = io::Error::from_raw_os_error(number.into());
            assert_eq!(libc.to_string(), format!("{text} (os error {number})"));
        }
        assert_eq!(Words::of_errno(Errno(0)), None);
        assert_eq!(Words::of_errno(Errno(133)), None);
        assert_eq!(Words::of_errno(Errno(4095)), None);
    }
}
