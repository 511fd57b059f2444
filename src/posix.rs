//! POSIX objects: where the C libraries look for them, and what they find there.

use crate::errno::Errno;
use crate::plan::Kind;

/// The C library that will use an object. They differ on semaphores alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Libc {
    /// The GNU C library.
    Glibc,
    /// musl.
    Musl,
}

/// What an object is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// As it was typed, with or without a slash at its start.
    pub bytes: &'a [u8],
    /// The library that it is for.
    pub libc: Libc,
}

/// What the kernel knows an object by, with a NUL behind it: the path of a file, or
/// the name of a queue, which follows a slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// The last byte is always a NUL.
    bytes: [u8; Self::ROOM],
    length: usize,
}

impl Path {
    /// `/dev/shm/`, the 255 bytes of the longest file name, `sem.` among them, and a
    /// NUL. (A queue's name may be longer: the kernel says that it is too long.)
    const ROOM: usize = 265;

    const EMPTY: Self = Self {
        bytes: [0; Self::ROOM],
        length: 0,
    };

    /// Its bytes, and at least one NUL behind them.
    #[must_use]
    pub const fn with_nul(&self) -> &[u8; Self::ROOM] {
        &self.bytes
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        for &byte in bytes {
            match self.bytes.get_mut(self.length) {
                // A batch can have one. The kernel would take the name to end there.
                _ if byte == 0 => return Err(Errno::EINVAL),
                Some(place) if self.length < Self::ROOM - 1 => *place = byte,
                _ => return Err(Errno::ENAMETOOLONG),
            }
            self.length += 1;
        }
        Ok(())
    }
}

impl Name<'_> {
    /// The path of an object of this kind.
    ///
    /// # Errors
    /// EINVAL where it is no name of a file; ENAMETOOLONG. The kernel finds more
    /// that is wrong.
    pub fn path(&self, kind: Kind) -> Result<Path, Errno> {
        let mut path = Path::EMPTY;
        let name = bare(self.bytes, kind);
        if kind != Kind::Queue {
            if is_bad(name) {
                return Err(Errno::EINVAL);
            }
            path.put(b"/dev/shm/")?;
            if kind == Kind::Sem && self.libc == Libc::Glibc {
                path.put(b"sem.")?;
            }
        } else {
            path.put(b"/")?;
        }
        path.put(name)?;
        Ok(path)
    }
}

/// A name without the slashes at its start: with one less, if it is that of a queue,
/// as mq_open(3) has it.
#[must_use]
pub fn bare(mut name: &[u8], kind: Kind) -> &[u8] {
    while let [b'/', rest @ ..] = name {
        name = rest;
        if kind == Kind::Queue {
            break;
        }
    }
    name
}

/// Whether a bare name cannot be that of an object.
#[must_use]
pub fn is_bad(name: &[u8]) -> bool {
    matches!(name, b"" | b"." | b"..") || !name.iter().all(|&byte| byte != b'/' && byte != 0)
}

/// Bytes of a semaphore where a long has 64 bits.
pub const SEMAPHORE: usize = 32;

/// A semaphore with this value, up to `2^31 - 1`, that nobody waits for: `sem_t` of
/// glibc, `sysdeps/nptl/internaltypes.h`, and of musl, `include/alltypes.h.in`.
#[must_use]
pub fn semaphore(value: u64, libc: Libc) -> [u8; SEMAPHORE] {
    let mut bytes = [0; SEMAPHORE];
    if let Some(place) = bytes.first_chunk_mut() {
        *place = value.to_ne_bytes();
    }
    if let (Libc::Glibc, Some(shared)) = (libc, bytes.get_mut(8)) {
        // FUTEX_PRIVATE_FLAG, turned over: processes share it.
        *shared = 0x80;
    }
    bytes
}

#[cfg(test)]
#[path = "../tests/unit/posix.rs"]
mod tests;
