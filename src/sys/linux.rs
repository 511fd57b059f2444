//! Linux by system calls. The numbers are those of the `syscalls` crate.

use core::ptr;

use ipcmk::abi::{
    AT_FDCWD, GRND_NONBLOCK, IPC_RMID, IPC_SET, Ipc64Perm, Msqid64Ds, O_RDONLY, SIG_BLOCK,
};
use ipcmk::errno::Errno;
use ipcmk::kernel::{Fd, Kernel};
use ipcmk::plan::{Id, Kind};
use ipcmk::request::{Mode, Qbytes};
use syscalls::{Sysno, syscall1, syscall3, syscall4};

/// The kernel that runs this process, and what it told at exec.
pub struct Linux {
    /// Random bytes; None where used up or not given.
    pub random: Option<&'static [u8; 16]>,
    /// Random bytes used so far.
    pub used: usize,
    /// Effective user id.
    pub euid: u32,
    /// Effective group id.
    pub egid: u32,
}

impl Linux {
    /// A kernel that told nothing. Its user is the one that IPC_SET refuses.
    pub const SILENT: Self = Self {
        random: None,
        used: 0,
        euid: u32::MAX,
        egid: u32::MAX,
    };
}

impl Kernel for Linux {
    fn block_signals(&mut self) -> Result<(), Errno> {
        let all: u64 = !0;
        let set = ptr::from_ref(&all).expose_provenance();
        let no_old_set = 0;
        // SAFETY: the set is of the size given, and only read.
        let done = unsafe {
            syscall4(
                Sysno::rt_sigprocmask,
                SIG_BLOCK,
                set,
                no_old_set,
                size_of_val(&all),
            )
        };
        done.map(drop).map_err(errno)
    }

    fn get(&mut self, kind: Kind, key: u32, amount: u64, flags: u32) -> Result<Id, Errno> {
        let Ok(amount) = usize::try_from(amount) else {
            // More than the address space: what the kernel would say.
            return Err(Errno::EINVAL);
        };
        let (key, flags) = (word(key), word(flags));
        let (call, second, third) = match kind {
            Kind::Shm => (Sysno::shmget, amount, flags),
            Kind::Queue => (Sysno::msgget, flags, 0),
            Kind::Sem => (Sysno::semget, amount, flags),
        };
        // SAFETY: all three take numbers only.
        let id = unsafe { syscall3(call, key, second, third) };
        Id::try_from(id.map_err(errno)?).map_err(|_| Errno::ERANGE)
    }

    fn set_queue(&mut self, id: Id, mode: Mode, qbytes: Qbytes) -> Result<(), Errno> {
        let properties = Msqid64Ds {
            msg_perm: Ipc64Perm {
                uid: self.euid,
                gid: self.egid,
                mode: mode.bits(),
                ..Ipc64Perm::default()
            },
            msg_qbytes: qbytes.get(),
            ..Msqid64Ds::default()
        };
        let properties = ptr::from_ref(&properties).expose_provenance();
        // SAFETY: a msqid64_ds of this architecture, and only read.
        let done = unsafe { syscall3(Sysno::msgctl, id_word(id), IPC_SET, properties) };
        done.map(drop).map_err(errno)
    }

    fn remove(&mut self, kind: Kind, id: Id) -> Result<(), Errno> {
        let call = match kind {
            Kind::Shm => Sysno::shmctl,
            Kind::Queue => Sysno::msgctl,
            Kind::Sem => Sysno::semctl,
        };
        // The command is the second argument, or, behind the number of a
        // semaphore, the third: all of them 0.
        const { assert!(IPC_RMID == 0) };
        // SAFETY: IPC_RMID reads no argument.
        let done = unsafe { syscall4(call, id_word(id), IPC_RMID, IPC_RMID, 0) };
        done.map(drop).map_err(errno)
    }

    #[inline(never)] // `make size`: a copy at its caller is larger
    fn random(&mut self) -> Result<u32, Errno> {
        let unused = self.random.and_then(|bytes| bytes.get(self.used..));
        if let Some(bytes) = unused.and_then(|bytes| bytes.first_chunk()) {
            self.used += bytes.len();
            return Ok(u32::from_ne_bytes(*bytes));
        }
        let mut bytes = [0; 4];
        let buffer = ptr::from_mut(&mut bytes).expose_provenance();
        // SAFETY: the buffer has the length given.
        let got = unsafe { syscall3(Sysno::getrandom, buffer, bytes.len(), GRND_NONBLOCK) };
        got.map_err(errno).map(|_| u32::from_ne_bytes(bytes))
    }

    fn shm_rmid_forced(&mut self) -> Result<bool, Errno> {
        let path = c"/proc/sys/kernel/shm_rmid_forced"
            .as_ptr()
            .expose_provenance();
        let from = AT_FDCWD.cast_unsigned();
        // SAFETY: the path ends with a NUL.
        let file = unsafe { syscall3(Sysno::openat, from, path, O_RDONLY) }.map_err(errno)?;
        let mut digit = 0_u8;
        let buffer = ptr::from_mut(&mut digit).expose_provenance();
        // SAFETY: the buffer is one byte. The exit closes the file.
        unsafe { syscall3(Sysno::read, file, buffer, 1) }.map_err(errno)?;
        Ok(digit == b'1')
    }

    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno> {
        let fd = match fd {
            Fd::Out => 1,
            Fd::Err => 2,
        };
        let start = bytes.as_ptr().expose_provenance();
        // SAFETY: the bytes are there, and only read.
        unsafe { syscall3(Sysno::write, fd, start, bytes.len()) }.map_err(errno)
    }
}

/// Ends the process.
pub fn exit(status: u8) -> ! {
    // SAFETY: takes a number only.
    _ = unsafe { syscall1(Sysno::exit_group, status.into()) };
    // Only a seccomp filter can refuse it.
    super::arch::trap()
}

/// The end of a debug build's panic.
#[cfg(debug_assertions)]
pub fn panicked() -> ! {
    let mut kernel = Linux::SILENT;
    _ = ipcmk::kernel::write_all(&mut kernel, Fd::Err, b"ipcmk: panicked\n");
    exit(101)
}

fn errno(errno: syscalls::Errno) -> Errno {
    Errno::new(errno.into_raw())
}

/// A 32-bit number as a register holds it.
#[expect(clippy::as_conversions, reason = "registers have at least 32 bits")]
const fn word(number: u32) -> usize {
    number as usize
}

fn id_word(id: Id) -> usize {
    word(id.cast_unsigned())
}
