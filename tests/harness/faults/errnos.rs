//! The errnos that a system call can return.

use crate::errno;

/// Those of the call's man page, man-pages 6.03, including those that the program's arguments
/// cannot provoke.
const MANUAL: &[(&str, &str)] = &[
    ("close", "EBADF EDQUOT EINTR EIO ENOSPC"),
    ("exit_group", ""),
    (
        "fchmod",
        "EACCES EBADF EFAULT EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EROFS",
    ),
    (
        "fchown",
        "EACCES EBADF EFAULT EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOSPC ENOTDIR EROFS",
    ),
    (
        "fstat",
        "EACCES EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EOVERFLOW",
    ),
    (
        "newfstatat",
        "EACCES EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EOVERFLOW",
    ),
    (
        "fallocate",
        "EBADF EFBIG EINTR EINVAL EIO ENODEV ENOSPC EOPNOTSUPP ESPIPE ETXTBSY",
    ),
    (
        "ftruncate",
        "EACCES EBADF EFAULT EFBIG EINTR EINVAL EIO EISDIR ELOOP ENAMETOOLONG ENOENT ENOTDIR EROFS \
         ETXTBSY",
    ),
    ("getrandom", "EAGAIN EFAULT EINTR EINVAL"),
    (
        "linkat",
        "EACCES EBADF EDQUOT EEXIST EFAULT EINVAL EIO ELOOP EMLINK ENAMETOOLONG ENOENT ENOMEM ENOSPC \
         ENOTDIR EROFS EXDEV",
    ),
    (
        "mmap",
        "EACCES EAGAIN EBADF EEXIST EINVAL ENFILE ENODEV ENOMEM EOVERFLOW ETXTBSY",
    ),
    ("mremap", "EAGAIN EFAULT EINVAL ENOMEM"),
    (
        "mq_open",
        "EACCES EEXIST EINVAL EMFILE ENAMETOOLONG ENFILE ENOENT ENOMEM ENOSPC",
    ),
    ("mq_getsetattr", "EBADF EFAULT EINVAL"),
    ("mq_unlink", "EACCES ENAMETOOLONG ENOENT"),
    ("msgctl", "EACCES EFAULT EIDRM EINVAL"),
    ("msgget", "EACCES EEXIST ENOENT ENOMEM ENOSPC"),
    (
        "openat",
        "EACCES EAGAIN EBADF EBUSY EDQUOT EEXIST EFAULT EFBIG EINTR EINVAL EISDIR ELOOP EMFILE \
         ENAMETOOLONG ENFILE ENODEV ENOENT ENOMEM ENOSPC ENOTDIR ENXIO EOPNOTSUPP EOVERFLOW EROFS \
         ETXTBSY",
    ),
    ("ppoll", "EFAULT EINTR EINVAL ENOMEM"),
    (
        "prctl",
        "EACCES EBADF EBUSY EFAULT EINVAL ENODEV ENXIO EOPNOTSUPP ERANGE",
    ),
    ("prlimit64", "EFAULT EINVAL ESRCH"),
    ("read", "EAGAIN EBADF EFAULT EINTR EINVAL EIO EISDIR"),
    ("rt_sigaction", "EFAULT EINVAL"),
    ("rt_sigprocmask", "EFAULT EINVAL"),
    ("semctl", "EACCES EFAULT EIDRM EINVAL ERANGE"),
    ("semget", "EACCES EEXIST EIDRM EINVAL ENOENT ENOMEM ENOSPC"),
    (
        "semop",
        "E2BIG EACCES EAGAIN EFAULT EFBIG EIDRM EINTR EINVAL ENOMEM ERANGE",
    ),
    ("shmctl", "EACCES EFAULT EIDRM EINVAL ENOMEM EOVERFLOW"),
    ("shmget", "EACCES EEXIST EINVAL ENFILE ENOENT ENOMEM ENOSPC"),
    ("signalfd4", "EBADF EINVAL EMFILE ENFILE ENODEV ENOMEM"),
    (
        "statfs",
        "EACCES EFAULT EINTR EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EOVERFLOW",
    ),
    (
        "statx",
        "EACCES EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR",
    ),
    ("umask", ""),
    (
        "unlinkat",
        "EACCES EBADF EBUSY EFAULT EINVAL EIO EISDIR ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR \
         ENOTEMPTY EROFS",
    ),
    (
        "write",
        "EAGAIN EBADF EDESTADDRREQ EDQUOT EFAULT EFBIG EINTR EINVAL EIO ENOSPC EPIPE",
    ),
];

/// The errnos with which a seccomp filter may refuse any call.
pub const FILTERS: [i32; 2] = [libc::EPERM, libc::ENOSYS];

/// Every errno of Linux, and the two numbers among them that have no name.
pub fn all() -> Vec<i32> {
    (1..=errno::LARGEST).collect()
}

/// The errnos of the call's man page, and those of filters; for a call that is not in this list,
/// every errno.
pub fn likely(call: &str) -> Vec<i32> {
    let Some((_, names)) = MANUAL.iter().find(|row| row.0 == call) else {
        return all();
    };
    let named = names
        .split_whitespace()
        .map(|name| errno::number(name).expect("the test below looks up every name"));
    FILTERS.into_iter().chain(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syscalls;

    #[test]
    fn rows_are_of_calls_that_exist_and_no_errno_stands_twice() {
        for (call, names) in MANUAL {
            assert!(syscalls::known(call).is_some(), "{call}");
            let mut errnos = likely(call);
            assert_eq!(
                errnos.len(),
                names.split_whitespace().count() + FILTERS.len()
            );
            errnos.sort_unstable();
            errnos.dedup();
            assert_eq!(errnos.len(), likely(call).len(), "{call}");
        }
        assert_eq!(likely("no such call"), all());
    }
}
