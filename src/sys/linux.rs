//! Linux by system calls. The numbers are those of the `syscalls` crate.

use core::ffi::{CStr, c_char};
use core::num::NonZero;
use core::ptr;

use heapless::Vec;

use super::auxiliary::Auxiliary;
use ipcmk::kernel::abi::{
    AT_EGID, AT_EMPTY_PATH, AT_EUID, AT_FDCWD, AT_NO_AUTOMOUNT, AT_PAGESZ, AT_RANDOM,
    AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, GRND_INSECURE, GRND_NONBLOCK, IPC_INFO, IPC_RMID,
    IPC_SET, IPC_STAT, Ipc64Perm, MAP_ANONYMOUS, MAP_PRIVATE, MSG_INFO, MqAttr, Msginfo, Msqid64Ds,
    O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_TMPFILE, PATH_MAX, POLLIN, POLLOUT,
    PR_GET_SECCOMP, PROT_READ, PROT_WRITE, Pollfd, Rlimit64, SEM_INFO, SETVAL, SHM_INFO, SHM_LOCK,
    SIG_BLOCK, SIG_IGN, SIGHUP, SIGINT, SIGTERM, STATX_INO, STATX_MODE, STATX_SIZE, STATX_TYPE,
    Semid64Ds, Seminfo, ShmInfo, Shmid64Ds, Shminfo64, Sigaction, Statfs, Statx,
};
use ipcmk::kernel::errno::Errno;
use ipcmk::kernel::object::{Id, Kind};
use ipcmk::kernel::port::{
    Attributes, Fd, File, Identity, Kernel, Limits, Owner, Properties, Room, Space, State,
};
use ipcmk::kernel::posix::Path;
use ipcmk::report::digits::{TEN, digits};
use syscalls::{Sysno, syscall4, syscall5, syscall6};

/// The kernel that runs this process.
pub struct Linux {
    /// What it told at exec.
    auxiliary: Auxiliary,
    /// Bytes of AT_RANDOM used so far.
    used: usize,
    /// Random numbers of getrandom(2) that are not used yet.
    pool: Vec<u32, 16>,
}

impl Linux {
    /// A kernel that told this.
    pub const fn new(auxiliary: Auxiliary) -> Self {
        Self {
            auxiliary,
            used: 0,
            pool: Vec::new(),
        }
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
        let size = size_of_val(&all);
        // SAFETY: the set is of the size given, and only read.
        unsafe { call(Sysno::rt_sigprocmask, SIG_BLOCK, set, no_old_set, size) }.map(drop)
    }

    fn ipc_get(&mut self, kind: Kind, amount: u64, key: u32, flags: u32) -> Result<Id, Errno> {
        let Ok(amount) = usize::try_from(amount) else {
            // More than the address space: what the kernel would say.
            return Err(Errno::EINVAL);
        };
        let (key, flags) = (word(key), word(flags));
        let (get, second, third) = match kind {
            Kind::Shm => (Sysno::shmget, amount, flags),
            Kind::Queue => (Sysno::msgget, flags, 0),
            Kind::Sem => (Sysno::semget, amount, flags),
        };
        // SAFETY: all three take numbers only.
        unsafe { call(get, key, second, third, 0) }.map(wide)
    }

    fn ipc_set(&mut self, kind: Kind, id: Id, properties: Properties) -> Result<(), Errno> {
        let Properties {
            owner: Owner { uid, gid },
            mode,
            qbytes,
        } = properties;
        let or_ours = |id, kind| {
            if id == Owner::SAME {
                self.identity(kind)
            } else {
                id
            }
        };
        // The structs of all kinds begin alike, and the other two end earlier.
        const { assert!(size_of::<Msqid64Ds>() >= size_of::<Shmid64Ds>()) };
        const { assert!(size_of::<Msqid64Ds>() >= size_of::<Semid64Ds>()) };
        let properties = Msqid64Ds {
            msg_perm: Ipc64Perm {
                uid: or_ours(uid, AT_EUID),
                gid: or_ours(gid, AT_EGID),
                mode,
                ..Ipc64Perm::default()
            },
            msg_qbytes: qbytes,
            ..Msqid64Ds::default()
        };
        let properties = ptr::from_ref(&properties).expose_provenance();
        // SAFETY: at least the struct of the kind, and only read.
        unsafe { control(kind, id, 0, IPC_SET, properties) }
    }

    fn sem_setval(&mut self, id: Id, number: u64, value: u64) -> Result<(), Errno> {
        // SAFETY: takes numbers only.
        unsafe { control(Kind::Sem, id, narrow(number), SETVAL, narrow(value)) }
    }

    fn shm_lock(&mut self, id: Id) -> Result<(), Errno> {
        // SAFETY: reads no argument.
        unsafe { control(Kind::Shm, id, 0, SHM_LOCK, 0) }
    }

    fn ipc_stat(&mut self, kind: Kind, id: Id) -> Result<State, Errno> {
        /// The struct of each kind.
        union Any {
            shm: Shmid64Ds,
            msg: Msqid64Ds,
            sem: Semid64Ds,
        }
        let mut any = Any {
            msg: Msqid64Ds::default(),
        };
        let address = ptr::from_mut(&mut any).expose_provenance();
        // SAFETY: at least the struct of the kind.
        unsafe { control(kind, id, 0, IPC_STAT, address) }?;
        // SAFETY: all of them are numbers, and all their bytes are set. They
        // begin alike.
        let mode = unsafe { any.msg.msg_perm.mode };
        let amount = match kind {
            // SAFETY: as above.
            Kind::Shm => unsafe { any.shm.shm_segsz },
            Kind::Queue => 0,
            // SAFETY: as above.
            Kind::Sem => unsafe { any.sem.sem_nsems },
        };
        Ok(State { mode, amount })
    }

    fn ipc_rmid(&mut self, kind: Kind, id: Id) -> Result<(), Errno> {
        // SAFETY: reads no argument.
        unsafe { control(kind, id, 0, IPC_RMID, 0) }
    }

    fn open_tmpfile(&mut self, mode: u32) -> Result<Fd, Errno> {
        let from = AT_FDCWD.cast_unsigned();
        let path = SHM.as_ptr().expose_provenance();
        let flags = O_TMPFILE | O_RDWR;
        // SAFETY: the path ends with a NUL.
        unsafe { call(Sysno::openat, from, path, flags, word(mode)) }.map(Fd::Object)
    }

    fn mq_create(
        &mut self,
        path: &Path,
        mode: u32,
        attributes: Option<Attributes>,
    ) -> Result<Fd, Errno> {
        let attributes = attributes.map(|Attributes { maxmsg, msgsize }| MqAttr {
            mq_maxmsg: maxmsg,
            mq_msgsize: msgsize,
            ..MqAttr::default()
        });
        let given = match &attributes {
            Some(attributes) => ptr::from_ref(attributes).expose_provenance(),
            None => 0,
        };
        let path = queue(path);
        let flags = O_CREAT | O_EXCL | O_RDWR;
        // SAFETY: the name ends with a NUL; an mq_attr to read, or none.
        unsafe { call(Sysno::mq_open, path, flags, word(mode), given) }.map(Fd::Object)
    }

    fn ftruncate(&mut self, fd: Fd, size: u64) -> Result<(), Errno> {
        // SAFETY: takes numbers only.
        unsafe { call(Sysno::ftruncate, number(fd), narrow(size), 0, 0) }.map(drop)
    }

    fn fchown(&mut self, fd: Fd, Owner { uid, gid }: Owner) -> Result<(), Errno> {
        // SAFETY: takes numbers only.
        unsafe { call(Sysno::fchown, number(fd), word(uid), word(gid), 0) }.map(drop)
    }

    fn fchmod(&mut self, fd: Fd, mode: u32) -> Result<(), Errno> {
        // SAFETY: takes a number only.
        let umask = unsafe { call(Sysno::umask, 0, 0, 0, 0) }?;
        // SAFETY: as above. This is the only way to learn it.
        unsafe { call(Sysno::umask, umask, 0, 0, 0) }?;
        // SAFETY: takes numbers only.
        unsafe { call(Sysno::fchmod, number(fd), word(mode) & !umask, 0, 0) }.map(drop)
    }

    fn linkat(&mut self, fd: Fd, path: &Path) -> Result<(), Errno> {
        let (fd, to) = (number(fd), start(path));
        let from = AT_FDCWD.cast_unsigned();
        let link = |at, name: &[u8], flags| {
            let name = name.as_ptr().expose_provenance();
            // SAFETY: both paths end with a NUL.
            outcome(unsafe { syscall5(Sysno::linkat, at, name, from, to, flags) })
        };
        match link(fd, b"\0", AT_EMPTY_PATH) {
            // Before Linux 6.10 that takes CAP_DAC_READ_SEARCH.
            Err(Errno::ENOENT) => {
                // It has room for the longest number, and a NUL behind it.
                let mut name = *b"/proc/self/fd/\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
                let digits = digits(wide(fd), TEN);
                for (place, digit) in name.iter_mut().skip(14).zip(digits.iter().rev()) {
                    *place = *digit;
                }
                link(from, &name, AT_SYMLINK_FOLLOW)
            }
            linked => linked,
        }
        .map(drop)
    }

    fn close(&mut self, fd: Fd) -> Result<(), Errno> {
        // SAFETY: takes a number only.
        unsafe { call(Sysno::close, number(fd), 0, 0, 0) }.map(drop)
    }

    fn unlink(&mut self, kind: Kind, path: &Path) -> Result<(), Errno> {
        let (number, first, second) = match kind {
            Kind::Queue => (Sysno::mq_unlink, queue(path), 0),
            Kind::Shm | Kind::Sem => (Sysno::unlinkat, AT_FDCWD.cast_unsigned(), start(path)),
        };
        // SAFETY: the path ends with a NUL.
        unsafe { call(number, first, second, 0, 0) }.map(drop)
    }

    fn mq_open(&mut self, path: &Path) -> Result<Fd, Errno> {
        // SAFETY: the name ends with a NUL.
        unsafe { call(Sysno::mq_open, queue(path), O_RDONLY, 0, 0) }.map(Fd::Object)
    }

    fn statx(&mut self, fd: Option<Fd>, path: &Path) -> Result<State, Errno> {
        let (from, path, flags) = match fd {
            Some(fd) => (number(fd), c"".as_ptr().expose_provenance(), AT_EMPTY_PATH),
            None => (AT_FDCWD.cast_unsigned(), start(path), AT_SYMLINK_NOFOLLOW),
        };
        // SAFETY: the path ends with a NUL.
        let status = unsafe { statx(from, path, flags, STATX_TYPE | STATX_MODE | STATX_SIZE) }?;
        Ok(State {
            mode: status.stx_mode.into(),
            amount: status.stx_size,
        })
    }

    fn statfs(&mut self) -> Result<Space, Errno> {
        let mut all = Statfs::default();
        let path = SHM.as_ptr().expose_provenance();
        let to = ptr::from_mut(&mut all).expose_provenance();
        // SAFETY: the path ends with a NUL; a statfs to write to.
        unsafe { call(Sysno::statfs, path, to, 0, 0) }?;
        Ok(Space {
            blocks: all.f_blocks,
            free_blocks: all.f_bfree,
            inodes: all.f_files,
            free_inodes: all.f_ffree,
        })
    }

    #[inline(never)] // `make size`: a copy at its caller is larger
    fn random(&mut self) -> Result<u32, Errno> {
        if let Some(random) = self.at_random() {
            return Ok(random);
        }
        if self.pool.is_empty() {
            let mut numbers = [0_u32; 16];
            let buffer = ptr::from_mut(&mut numbers).expose_provenance();
            let size = size_of_val(&numbers);
            let mut flags = GRND_NONBLOCK;
            // SAFETY: the buffer has the length given, and takes any bytes. So few
            // come at once.
            while let Err(errno) = unsafe { call(Sysno::getrandom, buffer, size, flags, 0) } {
                // Early in a boot. A key is no secret.
                if errno != Errno::EAGAIN || flags == GRND_INSECURE {
                    return Err(errno);
                }
                flags = GRND_INSECURE;
            }
            _ = self.pool.extend_from_slice(&numbers);
        }
        self.pool.pop().ok_or(Errno::EIO)
    }

    #[inline(never)] // `make size`: a copy at its caller is larger
    fn read<'b>(&mut self, file: File<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8], Errno> {
        let descriptor = match file {
            File::In => STDIN,
            // SAFETY: it ends with a NUL.
            File::System(path) | File::Once(path) => unsafe { open(path.as_ptr(), O_NONBLOCK) }?,
            File::User(path) => open_user(path)?,
        };
        let mut filled = 0;
        let read = loop {
            let rest = buffer.get_mut(filled..).unwrap_or_default();
            let start = rest.as_mut_ptr().expose_provenance();
            // SAFETY: the buffer has the length given.
            match unsafe { call(Sysno::read, descriptor, start, rest.len(), 0) } {
                Ok(0) => break Ok(()),
                Ok(bytes) => filled += bytes,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) if file == File::In => {
                    let mut entry = [entry(descriptor, POLLIN)];
                    let list = entry.as_mut_ptr().expose_provenance();
                    // SAFETY: one entry; no time and no mask to read.
                    unsafe { call(Sysno::ppoll, list, entry.len(), 0, 0) }.map(drop)?;
                }
                Err(errno) => break Err(errno),
            }
            if filled >= buffer.len() {
                break Ok(());
            }
        };
        if matches!(file, File::System(_)) {
            _ = self.close(Fd::Object(descriptor));
        }
        read.map(|()| buffer.get(..filled).unwrap_or_default())
    }

    #[inline(never)] // not in the frame of every run
    fn identify(&mut self, path: &[u8]) -> Result<Identity, Errno> {
        let mut buffer = Vec::new();
        let path = with_nul(path, &mut buffer)?.expose_provenance();
        let from = AT_FDCWD.cast_unsigned();
        // SAFETY: the path ends with a NUL.
        let status = unsafe { statx(from, path, AT_NO_AUTOMOUNT, STATX_INO) }?;
        Ok(Identity {
            ino: status.stx_ino,
            dev_minor: status.stx_dev_minor,
        })
    }

    fn mmap<'a, const T: usize, const N: usize, const O: usize>(
        &mut self,
    ) -> Result<&'a mut Room<'a, T, N, O>, Errno> {
        let start = map(size_of::<Room<T, N, O>>())?;
        let start = ptr::with_exposed_provenance_mut(start);
        // SAFETY: it is zeroed, aligned to a page, large enough, and nobody
        // else's, and a room can be all zeros.
        Ok(unsafe { &mut *start })
    }

    fn prlimit(&mut self, resource: usize) -> Result<u64, Errno> {
        let mut limit = Rlimit64::default();
        let to = ptr::from_mut(&mut limit).expose_provenance();
        // SAFETY: none to read, an rlimit64 to write to, of this process.
        unsafe { call(Sysno::prlimit64, 0, resource, 0, to) }?;
        Ok(limit.rlim_cur)
    }

    fn ipc_info(&mut self, kind: Kind) -> Result<Limits, Errno> {
        Ok(match kind {
            Kind::Shm => {
                let mut most = Shminfo64::default();
                let mut used = ShmInfo::default();
                // SAFETY: each command with the struct that it fills.
                unsafe { info(kind, IPC_INFO, &raw mut most) }?;
                // SAFETY: as above.
                unsafe { info(kind, SHM_INFO, &raw mut used) }?;
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
                let mut all = Msginfo::default();
                // SAFETY: as above.
                unsafe { info(kind, MSG_INFO, &raw mut all) }?;
                Limits {
                    each: count(all.msgmnb),
                    units: u64::MAX,
                    units_used: 0,
                    unit: NonZero::<u64>::MIN,
                    objects: count(all.msgmni),
                    objects_used: count(all.msgpool),
                }
            }
            Kind::Sem => {
                let mut all = Seminfo::default();
                // SAFETY: as above.
                unsafe { info(kind, SEM_INFO, &raw mut all) }?;
                Limits {
                    each: count(all.semmsl),
                    units: count(all.semmns),
                    units_used: count(all.semaem),
                    unit: NonZero::<u64>::MIN,
                    objects: count(all.semmni),
                    objects_used: count(all.semusz),
                }
            }
        })
    }

    fn is_filtered(&mut self) -> bool {
        // SAFETY: takes a number only.
        match unsafe { call(Sysno::prctl, PR_GET_SECCOMP, 0, 0, 0) } {
            // A kernel without filters knows no such command.
            Ok(0) | Err(Errno::EINVAL) => false,
            Ok(_) | Err(_) => true,
        }
    }

    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno> {
        let start = bytes.as_ptr().expose_provenance();
        // SAFETY: the bytes are there, and only read.
        unsafe { call(Sysno::write, number(fd), start, bytes.len(), 0) }
    }

    #[inline(never)] // `make size`: a copy at its caller is larger
    fn ppoll(&mut self, fd: Fd) -> Result<(), Errno> {
        let mut set = 0_u64;
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            let mut action = Sigaction::default();
            let old = ptr::from_mut(&mut action).expose_provenance();
            // SAFETY: a sigaction of this architecture to write to, none to read.
            unsafe { call(Sysno::rt_sigaction, word(signal), 0, old, size_of_val(&set)) }?;
            if action.sa_handler != SIG_IGN {
                set |= 1 << (signal - 1);
            }
        }
        let new = usize::MAX;
        let signals = ptr::from_ref(&set).expose_provenance();
        // SAFETY: the set is of the size given, and only read.
        let signals = unsafe { call(Sysno::signalfd4, new, signals, size_of_val(&set), 0) }?;
        let mut entries = [entry(number(fd), POLLOUT), entry(signals, POLLIN)];
        let list = entries.as_mut_ptr().expose_provenance();
        // SAFETY: as many entries as given; no time and no mask to read.
        let done = unsafe { call(Sysno::ppoll, list, entries.len(), 0, 0) };
        // SAFETY: takes a number only.
        _ = unsafe { call(Sysno::close, signals, 0, 0, 0) };
        done?;
        let [_, signals] = entries;
        if signals.revents == 0 {
            Ok(())
        } else {
            Err(Errno::EINTR)
        }
    }
}

/// A ctl call. The number of a semaphore plays no part for the other kinds.
///
/// # Safety
/// `argument` is what the command wants: a number, or the address of a struct.
#[inline(never)] // `make size`: a copy at its caller is larger
unsafe fn control(
    kind: Kind,
    id: Id,
    number: usize,
    command: usize,
    argument: usize,
) -> Result<(), Errno> {
    let (ctl, second, third, fourth) = match kind {
        Kind::Shm => (Sysno::shmctl, command, argument, 0),
        Kind::Queue => (Sysno::msgctl, command, argument, 0),
        Kind::Sem => (Sysno::semctl, number, command, argument),
    };
    // SAFETY: the caller's.
    unsafe { call(ctl, narrow(id), second, third, fourth) }.map(drop)
}

/// The ctl call with which the kernel tells of all objects of a kind.
///
/// # Safety
/// `info` points to the struct that `command` fills.
unsafe fn info<T>(kind: Kind, command: usize, info: *mut T) -> Result<(), Errno> {
    // SAFETY: the caller's.
    unsafe { control(kind, 0, 0, command, info.expose_provenance()) }
}

/// What is known of a file.
///
/// # Safety
/// `path` is the address of bytes that end with a NUL.
#[inline(never)] // `make size`: a copy at its caller is larger
unsafe fn statx(from: usize, path: usize, flags: usize, wanted: usize) -> Result<Statx, Errno> {
    let mut status = Statx::default();
    let to = ptr::from_mut(&mut status).expose_provenance();
    // SAFETY: the caller's; a statx to write to.
    outcome(unsafe { syscall5(Sysno::statx, from, path, flags, wanted, to) })?;
    Ok(status)
}

/// Memory of zeros, from a page's start on.
fn map(size: usize) -> Result<usize, Errno> {
    let rights = PROT_READ | PROT_WRITE;
    let flags = MAP_PRIVATE | MAP_ANONYMOUS;
    // SAFETY: asks for new memory at no particular address.
    outcome(unsafe { syscall6(Sysno::mmap, 0, size, rights, flags, usize::MAX, 0) })
}

/// Where a path begins.
fn start(path: &Path) -> usize {
    path.with_nul().as_ptr().expose_provenance()
}

/// Where the name of a queue begins: behind the slash. (An emulator that passes the
/// call on to a C library looks for it there.)
fn queue(path: &Path) -> usize {
    start(path) + 1
}

/// Where POSIX objects that are files live.
const SHM: &CStr = c"/dev/shm";

/// Opens a file to read.
///
/// # Safety
/// `path` points to bytes that end with a NUL.
unsafe fn open(path: *const c_char, flags: usize) -> Result<usize, Errno> {
    let from = AT_FDCWD.cast_unsigned();
    let path = path.expose_provenance();
    // SAFETY: the caller's.
    unsafe { call(Sysno::openat, from, path, O_RDONLY | flags, 0) }
}

/// Opens a file to read.
#[inline(never)] // not in the frame of every run
fn open_user(path: &[u8]) -> Result<usize, Errno> {
    let mut buffer = Vec::new();
    let path = with_nul(path, &mut buffer)?;
    // SAFETY: it ends with a NUL.
    unsafe { open(path, 0) }
}

/// A path as the calls want it.
///
/// # Errors
/// Those of the calls, for a path that is too long, or has a NUL inside.
fn with_nul(path: &[u8], buffer: &mut Vec<u8, PATH_MAX>) -> Result<*const c_char, Errno> {
    for &byte in path.iter().chain(b"\0") {
        buffer.push(byte).map_err(|_| Errno::ENAMETOOLONG)?;
        if byte == 0 && buffer.len() <= path.len() {
            return Err(Errno::ENOENT);
        }
    }
    Ok(buffer.as_ptr().cast())
}

/// What ppoll(2) waits for on a descriptor.
fn entry(fd: usize, events: i16) -> Pollfd {
    Pollfd {
        fd: i32::try_from(fd).unwrap_or(-1),
        events,
        revents: 0,
    }
}

/// Standard input.
const STDIN: usize = 0;

#[inline(never)] // `make size`: a copy at its caller is larger
fn number(fd: Fd) -> usize {
    match fd {
        Fd::Out => 1,
        Fd::Err => 2,
        Fd::Object(descriptor) => descriptor,
    }
}

/// Ends the process.
pub fn exit(status: u8) -> ! {
    // SAFETY: takes a number only.
    _ = unsafe { call(Sysno::exit_group, status.into(), 0, 0, 0) };
    // Only a seccomp filter can refuse it.
    super::arch::trap()
}

/// The end of a debug build's panic.
#[cfg(debug_assertions)]
pub fn panicked() -> ! {
    let mut kernel = Linux::new(Auxiliary::NONE);
    _ = ipcmk::kernel::port::write_all(&mut kernel, Fd::Err, b"ipcmk: panicked\n");
    exit(101)
}

/// Makes a system call. All are made here: the check of what it returns has
/// the size of many calls.
///
/// # Safety
/// The call's.
#[inline(never)] // `make size`: a copy at its caller is larger
unsafe fn call(call: Sysno, a: usize, b: usize, c: usize, d: usize) -> Result<usize, Errno> {
    // SAFETY: the caller's.
    outcome(unsafe { syscall4(call, a, b, c, d) })
}

/// What a system call has returned.
fn outcome(returned: Result<usize, syscalls::Errno>) -> Result<usize, Errno> {
    returned.map_err(|errno| Errno::new(errno.into_raw().unsigned_abs().into()))
}

/// What a register holds, as a number.
fn wide(register: usize) -> u64 {
    register.try_into().unwrap_or(u64::MAX)
}

/// A number as a register holds it.
fn narrow(number: u64) -> usize {
    number.try_into().unwrap_or(usize::MAX)
}

/// A limit or a count that the kernel keeps as an int; under a negative limit
/// it allows nothing.
fn count(number: i32) -> u64 {
    number.try_into().unwrap_or_default()
}

/// A 32-bit number as a register holds it.
#[expect(clippy::as_conversions, reason = "registers have at least 32 bits")]
const fn word(number: u32) -> usize {
    number as usize
}
