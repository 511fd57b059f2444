//! POSIX objects: the paths where the C libraries look for them, and the bytes of a semaphore.

use super::errno::Errno;
use super::object::{Kind, Libc, Name};

/// What the kernel knows an object by, with a NUL behind it: the path of a file, or the name of a
/// queue behind a slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// The last byte is always a NUL.
    bytes: [u8; Self::MAX],
    length: usize,
}

impl Path {
    /// Bytes of the longest path: `/dev/shm/`, a file name, and a NUL.
    const MAX: usize = 265;

    /// No path yet.
    pub const EMPTY: Self = Self {
        bytes: [0; Self::MAX],
        length: 0,
    };

    /// The root directory, and the empty name of a queue, which the kernel refuses with ENOENT.
    pub const ROOT: Self = {
        let mut bytes = [0; Self::MAX];
        bytes[0] = b'/';
        Self { bytes, length: 1 }
    };

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Its bytes, and at least one NUL behind them.
    #[must_use]
    pub const fn with_nul(&self) -> &[u8; Self::MAX] {
        &self.bytes
    }

    /// Makes it the path of a file that has not its own name yet: `.ipcmk-` and a number.
    pub fn set_other(&mut self, number: u64) {
        *self = Self::EMPTY;
        // It is not too long.
        _ = self.put(b"/dev/shm/.ipcmk-");
        for shift in (0..u64::BITS).step_by(4).rev() {
            let digit = u8::try_from(number >> shift & 0xf).unwrap_or_default();
            _ = self.put(&[digit + if digit < 10 { b'0' } else { b'a' - 10 }]);
        }
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// EINVAL for a NUL; ENAMETOOLONG.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        for &byte in bytes {
            match self.bytes.get_mut(self.length) {
                // A word of a batch can have a NUL, where the kernel would see the name end.
                _ if byte == 0 => return Err(Errno::EINVAL),
                Some(place) if self.length < Self::MAX - 1 => *place = byte,
                _ => return Err(Errno::ENAMETOOLONG),
            }
            self.length += 1;
        }
        Ok(())
    }
}

/// Holds POSIX shared memory and semaphores.
const DIRECTORY: &[u8] = b"/dev/shm/";

impl Name<'_> {
    /// The path of an object of this kind.
    ///
    /// # Errors
    /// EINVAL if it cannot be a file's name, as which the kernel keeps a queue's too; ENAMETOOLONG.
    pub fn path(&self, kind: Kind) -> Result<Path, Errno> {
        let mut path = Path::EMPTY;
        let name = bare(self.bytes, kind);
        if is_bad(name) {
            return Err(Errno::EINVAL);
        }
        if name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        if kind != Kind::Queue {
            path.put(DIRECTORY)?;
            if kind == Kind::Sem && self.libc == Libc::Glibc {
                path.put(SEMAPHORES)?;
            }
        } else {
            path.put(b"/")?;
        }
        path.put(name)?;
        Ok(path)
    }
}

/// Most bytes of a file's name. `linux/limits.h`.
const NAME_MAX: usize = 255;

/// What glibc puts before the name of a semaphore.
const SEMAPHORES: &[u8] = b"sem.";

/// A name without the slashes at its start; without one of them if it is a queue's, as in
/// mq_open(3).
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

/// Whether no object can have this bare name.
#[must_use]
pub fn is_bad(name: &[u8]) -> bool {
    matches!(name, b"" | b"." | b"..") || !name.iter().all(|&byte| byte != b'/' && byte != 0)
}

/// Bytes of a semaphore: four words in both libraries.
pub const SEMAPHORE_BYTES: usize = 4 * size_of::<usize>();

/// The bytes of a semaphore with this value, up to `2^31 - 1`, and no waiters: `sem_t` of glibc,
/// `sysdeps/nptl/internaltypes.h`, and of musl, `include/alltypes.h.in`.
#[must_use]
pub fn semaphore(value: u64, libc: Libc) -> [u8; SEMAPHORE_BYTES] {
    /// FUTEX_PRIVATE_FLAG inverted: processes share the semaphore.
    const SHARED: u8 = 0x80;
    let mut bytes = [0; SEMAPHORE_BYTES];
    let is_glibc = libc == Libc::Glibc;
    // Without atomic numbers of 64 bits, glibc has bit 0 for "there are waiters".
    let has_bit = is_glibc && size_of::<usize>() == 4;
    let value = value << u32::from(has_bit);
    if let Some(place) = bytes.first_chunk_mut() {
        *place = value.to_ne_bytes();
    }
    if is_glibc && let Some(place) = bytes.get_mut(size_of::<usize>()) {
        *place = SHARED;
    }
    bytes
}

#[cfg(test)]
#[path = "../../tests/unit/posix.rs"]
mod tests;
