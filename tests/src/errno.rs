//! The errno values that a case can inject, by name.

macro_rules! names {
    ($($name:ident)*) => {
        const ERRNOS: &[(&str, i32)] = &[$((stringify!($name), libc::$name)),*];
    };
}

names! {
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST EXDEV
    ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE
    ENAMETOOLONG ENOSYS ENOTEMPTY ELOOP EIDRM EOVERFLOW EOPNOTSUPP EDQUOT
}

/// The value of an errno.
pub fn number(name: &str) -> Option<i32> {
    ERRNOS.iter().find(|row| row.0 == name).map(|row| row.1)
}
