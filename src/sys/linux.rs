//! Linux by system calls. The numbers are those of the `syscalls` crate.

use core::ffi::CStr;
use core::num::NonZero;
use core::ptr;

use super::start::Auxiliary;
use ipcmk::abi::{
    AT_EGID, AT_EUID, AT_FDCWD, AT_PAGESZ, AT_RANDOM, GRND_NONBLOCK, IPC_INFO, IPC_RMID, IPC_SET,
    Ipc64Perm, MSG_INFO, Msginfo, Msqid64Ds, O_RDONLY, POLLIN, POLLOUT, PR_GET_SECCOMP, Pollfd,
    SEM_INFO, SHM_INFO, SIG_BLOCK, SIG_IGN, SIGHUP, SIGINT, SIGTERM, Seminfo, ShmInfo, Shminfo64,
    Sigaction,
};
use ipcmk::errno::Errno;
use ipcmk::kernel::{Fd, Kernel, Limits};
use ipcmk::plan::{Id, Kind, Step};
use ipcmk::request::{Mode, Qbytes};
use syscalls::{Sysno, syscall1, syscall3, syscall4, syscall5};

/// The kernel that runs this process.
pub struct Linux {
    /// What it told at exec.
    auxiliary: Auxiliary,
    /// Bytes of AT_RANDOM used so far.
    used: usize,
}

impl Linux {
    /// A kernel that told this.
    pub const fn new(auxiliary: Auxiliary) -> Self {
        Self { auxiliary, used: 0 }
    }

    /// A user or group id that it told; if it did not, the one that IPC_SET
    /// refuses.
    fn identity(&self, kind: usize) -> u32 {
        let id = self.auxiliary.find(kind).unwrap_or(usize::MAX);
        u32::try_from(id).unwrap_or(u32::MAX)
    }

    /// Bytes of a page.
    fn page(&self) -> NonZero<u64> {
        let page = self.auxiliary.find(AT_PAGESZ).unwrap_or_default();
        let page = u64::try_from(page).ok().and_then(NonZero::new);
        page.unwrap_or(NonZero::<u64>::MIN)
    }

    /// The next bytes of AT_RANDOM; None where they are used up or not given.
    fn at_random(&mut self) -> Option<u32> {
        /// Bytes that the kernel gives.
        const GIVEN: usize = 16;
        if self.used >= GIVEN {
            return None;
        }
        let random = self.auxiliary.find(AT_RANDOM)? + self.used;
        self.used += size_of::<u32>();
        // SAFETY: four of the kernel's bytes, which nobody writes to.
        Some(unsafe { ptr::with_exposed_provenance::<u32>(random).read_unaligned() })
    }
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

    fn get(&mut self, step: Step, key: u32, flags: u32) -> Result<Id, Errno> {
        let Ok(amount) = usize::try_from(step.amount) else {
            // More than the address space: what the kernel would say.
            return Err(Errno::EINVAL);
        };
        let (key, flags) = (word(key), word(flags));
        let (call, second, third) = match step.kind {
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
                uid: self.identity(AT_EUID),
                gid: self.identity(AT_EGID),
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
        if let Some(random) = self.at_random() {
            return Ok(random);
        }
        let mut bytes = [0; 4];
        let buffer = ptr::from_mut(&mut bytes).expose_provenance();
        // SAFETY: the buffer has the length given.
        let got = unsafe { syscall3(Sysno::getrandom, buffer, bytes.len(), GRND_NONBLOCK) };
        got.map_err(errno).map(|_| u32::from_ne_bytes(bytes))
    }

    fn read<'b>(&mut self, path: &CStr, buffer: &'b mut [u8]) -> Result<&'b [u8], Errno> {
        let from = AT_FDCWD.cast_unsigned();
        let path = path.as_ptr().expose_provenance();
        // SAFETY: the path ends with a NUL.
        let file = unsafe { syscall3(Sysno::openat, from, path, O_RDONLY) }.map_err(errno)?;
        let start = buffer.as_mut_ptr().expose_provenance();
        // SAFETY: the buffer has the length given. The exit closes the file.
        let read = unsafe { syscall3(Sysno::read, file, start, buffer.len()) }.map_err(errno)?;
        Ok(buffer.get(..read).unwrap_or_default())
    }

    fn limits(&mut self, kind: Kind) -> Result<Limits, Errno> {
        Ok(match kind {
            Kind::Shm => {
                let mut most = Shminfo64::default();
                let mut used = ShmInfo::default();
                // SAFETY: each command with the struct that it fills.
                unsafe { ctl(Sysno::shmctl, IPC_INFO, &raw mut most) }?;
                // SAFETY: as above.
                unsafe { ctl(Sysno::shmctl, SHM_INFO, &raw mut used) }?;
                Limits {
                    each: most.shmmax,
                    units: most.shmall,
                    units_used: used.shm_tot,
                    unit: self.page(),
                    objects: most.shmmni,
                    objects_used: used.used_ids.into(),
                }
            }
            Kind::Queue => {
                let mut info = Msginfo::default();
                // SAFETY: as above.
                unsafe { ctl(Sysno::msgctl, MSG_INFO, &raw mut info) }?;
                Limits {
                    each: info.msgmnb.into(),
                    units: u64::MAX,
                    units_used: 0,
                    unit: NonZero::<u64>::MIN,
                    objects: info.msgmni.into(),
                    objects_used: info.msgpool.into(),
                }
            }
            Kind::Sem => {
                let mut info = Seminfo::default();
                // SAFETY: as above.
                unsafe { ctl(Sysno::semctl, SEM_INFO, &raw mut info) }?;
                Limits {
                    each: info.semmsl.into(),
                    units: info.semmns.into(),
                    units_used: info.semaem.into(),
                    unit: NonZero::<u64>::MIN,
                    objects: info.semmni.into(),
                    objects_used: info.semusz.into(),
                }
            }
        })
    }

    fn is_filtered(&mut self) -> bool {
        // SAFETY: takes a number only.
        match unsafe { syscall1(Sysno::prctl, PR_GET_SECCOMP) }.map_err(errno) {
            // A kernel without filters knows no such command.
            Ok(0) | Err(Errno::EINVAL) => false,
            Ok(_) | Err(_) => true,
        }
    }

    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno> {
        let start = bytes.as_ptr().expose_provenance();
        // SAFETY: the bytes are there, and only read.
        unsafe { syscall3(Sysno::write, number(fd), start, bytes.len()) }.map_err(errno)
    }

    #[inline(never)] // `make size`: a copy at its caller is larger
    fn wait(&mut self, fd: Fd) -> Result<(), Errno> {
        let mut set = 0_u64;
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            let mut action = Sigaction::default();
            let old = ptr::from_mut(&mut action).expose_provenance();
            // SAFETY: a sigaction of this architecture to write to, none to read.
            unsafe { syscall4(Sysno::rt_sigaction, word(signal), 0, old, size_of_val(&set)) }
                .map_err(errno)?;
            if action.sa_handler != SIG_IGN {
                set |= 1 << (signal - 1);
            }
        }
        let new = usize::MAX;
        let signals = ptr::from_ref(&set).expose_provenance();
        // SAFETY: the set is of the size given, and only read.
        let signals = unsafe { syscall4(Sysno::signalfd4, new, signals, size_of_val(&set), 0) }
            .map_err(errno)?;
        let entry = |fd: usize, events| Pollfd {
            fd: i32::try_from(fd).unwrap_or(-1),
            events,
            revents: 0,
        };
        let mut entries = [entry(number(fd), POLLOUT), entry(signals, POLLIN)];
        let list = entries.as_mut_ptr().expose_provenance();
        // SAFETY: as many entries as given; no time and no mask to read.
        let done = unsafe { syscall5(Sysno::ppoll, list, entries.len(), 0, 0, 0) };
        // SAFETY: takes a number only.
        _ = unsafe { syscall1(Sysno::close, signals) };
        done.map_err(errno)?;
        let [_, signals] = entries;
        if signals.revents == 0 {
            Ok(())
        } else {
            Err(Errno::EINTR)
        }
    }
}

/// A ctl call that fills a struct with what it knows of all objects together.
///
/// # Safety
/// `info` points to the struct that `command` fills.
unsafe fn ctl<T>(call: Sysno, command: usize, info: *mut T) -> Result<(), Errno> {
    let info = info.expose_provenance();
    // semctl has the number of a semaphore before its command.
    let [second, third, fourth] = if call == Sysno::semctl {
        [0, command, info]
    } else {
        [command, info, 0]
    };
    // SAFETY: the caller's.
    let done = unsafe { syscall4(call, 0, second, third, fourth) };
    done.map(drop).map_err(errno)
}

#[inline(never)] // `make size`: a copy at its caller is larger
fn number(fd: Fd) -> usize {
    match fd {
        Fd::Out => 1,
        Fd::Err => 2,
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
    let mut kernel = Linux::new(Auxiliary::NONE);
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
