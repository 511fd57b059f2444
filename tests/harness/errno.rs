//! Errnos by name.

use syscalls::Errno;

/// The largest errno that Linux returns: include/uapi/asm-generic/errno.h, EHWPOISON.
pub const LARGEST: i32 = libc::EHWPOISON;

/// The value of an errno.
pub fn number(name: &str) -> Option<i32> {
    (1..=LARGEST).find(|&number| Errno::new(number).name() == Some(name))
}

/// The name of an errno; the number itself if it has no name.
pub fn name(number: i32) -> String {
    let name = Errno::new(number).name();
    name.map_or_else(|| number.to_string(), str::to_owned)
}
