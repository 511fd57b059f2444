//! The kernel's error numbers, and glibc's words for them.

/// An error number, 1 to 4095, or none. (As wide as what calls return: a result fits two
/// registers.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(usize);

impl Errno {
    /// No error of the kernel's.
    pub const NONE: Self = Self(0);

    /// The error with this number.
    #[must_use]
    pub const fn new(number: usize) -> Self {
        Self(number)
    }

    /// The number itself.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0
    }
}

/// One row an error: its number in `asm-generic/errno-base.h` or `errno.h`, its name there, and the
/// text of glibc's strerror(3).
macro_rules! errnos {
    ($($number:literal $name:ident $text:literal;)*) => {
        impl Errno {
            $(
                #[doc = $text]
                pub const $name: Self = Self($number);
            )*

            /// Number and text of each error that has a text here. Others are shown as numbers.
            pub const TEXTS: &[(u8, &str)] = &[$(($number, $text)),*];
        }
    };
}

errnos! {
    1 EPERM "Operation not permitted";
    2 ENOENT "No such file or directory";
    3 ESRCH "No such process";
    4 EINTR "Interrupted system call";
    5 EIO "Input/output error";
    6 ENXIO "No such device or address";
    7 E2BIG "Argument list too long";
    9 EBADF "Bad file descriptor";
    11 EAGAIN "Resource temporarily unavailable";
    12 ENOMEM "Cannot allocate memory";
    13 EACCES "Permission denied";
    16 EBUSY "Device or resource busy";
    17 EEXIST "File exists";
    18 EXDEV "Invalid cross-device link";
    19 ENODEV "No such device";
    20 ENOTDIR "Not a directory";
    21 EISDIR "Is a directory";
    22 EINVAL "Invalid argument";
    23 ENFILE "Too many open files in system";
    24 EMFILE "Too many open files";
    27 EFBIG "File too large";
    28 ENOSPC "No space left on device";
    30 EROFS "Read-only file system";
    32 EPIPE "Broken pipe";
    34 ERANGE "Numerical result out of range";
    36 ENAMETOOLONG "File name too long";
    38 ENOSYS "Function not implemented";
    40 ELOOP "Too many levels of symbolic links";
    43 EIDRM "Identifier removed";
    74 EBADMSG "Bad message";
    75 EOVERFLOW "Value too large for defined data type";
    77 EBADFD "File descriptor in bad state";
    89 EDESTADDRREQ "Destination address required";
    90 EMSGSIZE "Message too long";
    95 EOPNOTSUPP "Operation not supported";
    100 ENETDOWN "Network is down";
    101 ENETUNREACH "Network is unreachable";
    103 ECONNABORTED "Software caused connection abort";
    104 ECONNRESET "Connection reset by peer";
    105 ENOBUFS "No buffer space available";
    107 ENOTCONN "Transport endpoint is not connected";
    110 ETIMEDOUT "Connection timed out";
    111 ECONNREFUSED "Connection refused";
    112 EHOSTDOWN "Host is down";
    113 EHOSTUNREACH "No route to host";
    116 ESTALE "Stale file handle";
    117 EUCLEAN "Structure needs cleaning";
    121 EREMOTEIO "Remote I/O error";
    122 EDQUOT "Disk quota exceeded";
    123 ENOMEDIUM "No medium found";
    126 ENOKEY "Required key not available";
    133 EHWPOISON "Memory page has hardware error";
}
