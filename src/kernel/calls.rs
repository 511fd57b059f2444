//! The calls whose names differ between the architectures. All others have one name, that of
//! `Sysno`.

use syscalls::Sysno;

/// ftruncate(2), with a size of 64 bits.
pub const FTRUNCATE: Sysno = names::FTRUNCATE;
/// fchown(2), with ids of 32 bits.
pub const FCHOWN: Sysno = names::FCHOWN;
/// mmap(2); where a word has 32 bits, its offset is in pages.
pub const MMAP: Sysno = names::MMAP;
/// statfs(2), with numbers of 64 bits.
pub const STATFS: Sysno = names::STATFS;
/// fstat(2), with a size of 64 bits.
pub const FSTAT: Sysno = names::FSTAT;
/// newfstatat(2), with a size of 64 bits.
pub const NEWFSTATAT: Sysno = names::NEWFSTATAT;
/// semop(2), which i686 has as a part of ipc(2) alone.
pub const SEMOP: Sysno = names::SEMOP;

#[cfg(target_pointer_width = "64")]
mod names {
    use super::Sysno;

    pub const FTRUNCATE: Sysno = Sysno::ftruncate;
    pub const FCHOWN: Sysno = Sysno::fchown;
    pub const MMAP: Sysno = Sysno::mmap;
    pub const STATFS: Sysno = Sysno::statfs;
    pub const FSTAT: Sysno = Sysno::fstat;
    #[cfg(target_arch = "aarch64")]
    pub const NEWFSTATAT: Sysno = Sysno::fstatat;
    #[cfg(not(target_arch = "aarch64"))]
    pub const NEWFSTATAT: Sysno = Sysno::newfstatat;
    pub const SEMOP: Sysno = Sysno::semop;
}

#[cfg(target_pointer_width = "32")]
mod names {
    use super::Sysno;

    pub const FTRUNCATE: Sysno = Sysno::ftruncate64;
    pub const FCHOWN: Sysno = Sysno::fchown32;
    pub const MMAP: Sysno = Sysno::mmap2;
    pub const STATFS: Sysno = Sysno::statfs64;
    pub const FSTAT: Sysno = Sysno::fstat64;
    pub const NEWFSTATAT: Sysno = Sysno::fstatat64;
    #[cfg(target_arch = "x86")]
    pub const SEMOP: Sysno = Sysno::ipc;
    #[cfg(not(target_arch = "x86"))]
    pub const SEMOP: Sysno = Sysno::semop;
}
