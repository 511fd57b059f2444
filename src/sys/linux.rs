//! The kernel's port on Linux: a method for each thing that the program asks of the kernel, in the
//! order of `trait Kernel`. The numbers of the calls are those of the `syscalls` crate.

use core::ffi::CStr;
use core::mem::MaybeUninit;
use core::num::NonZero;
use core::{ptr, slice};

use heapless::Vec;

use super::arch::trap;
use super::auxiliary::Auxiliary;
use super::call::{
    Argument, by_mut, by_ref, by_ref_or_null, bytes_mut, c_str, call, elements, number, raw_fd,
};
use super::variants;
use ipcmk::kernel::abi::{
    AT_EGID, AT_EMPTY_PATH, AT_EUID, AT_NO_AUTOMOUNT, AT_PAGESZ, AT_RANDOM, AT_SYMLINK_FOLLOW,
    AT_SYMLINK_NOFOLLOW, GRND_INSECURE, GRND_NONBLOCK, HUGETLBFS_MAGIC, IPC_64, IPC_INFO,
    IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT, Ipc64Perm, MAP_ANONYMOUS, MAP_PRIVATE, MREMAP_MAYMOVE,
    MSG_INFO, MqAttr, Msginfo, Msqid64Ds, O_CREAT, O_EXCL, O_LARGEFILE, O_NOFOLLOW, O_NONBLOCK,
    O_RDONLY, O_RDWR, O_TMPFILE, PATH_MAX, POLLIN, POLLOUT, PR_GET_SECCOMP, PROT_READ, PROT_WRITE,
    Pollfd, Rlimit64, SECCOMP_MODE_DISABLED, SEM_INFO, SETALL, SHM_INFO, SHM_LOCK, SIG_BLOCK,
    SIG_IGN, SIGHUP, SIGINT, SIGTERM, STATX_INO, STATX_MODE, STATX_SIZE, STATX_TYPE, Sembuf,
    Semid64Ds, Seminfo, ShmInfo, Shmid64Ds, Shminfo64, Sigaction, Stat, Statfs, Statx,
};
use ipcmk::kernel::arch::{ARCH, narrow, wide};
use ipcmk::kernel::calls::{FCHOWN, FSTAT, MMAP, NEWFSTATAT, SEMOP};
use ipcmk::kernel::errno::Errno;
use ipcmk::kernel::object::{Id, Kind, MAX_ADDRESSES};
use ipcmk::kernel::port::{
    Attributes, Fd, File, Identity, Input, Kernel, Limits, Owner, Properties, Space, State,
};
use ipcmk::kernel::posix::Path;
use ipcmk::report::digits::{MAX_DIGITS, TEN, digits};
use syscalls::Sysno;

/// Holds POSIX shared memory and semaphores.
const SHM: &CStr = c"/dev/shm";

/// Gives random bytes.
const URANDOM: &CStr = c"/dev/urandom";

/// Holds a link to each open file of this process, named by its descriptor.
const DESCRIPTORS: &[u8] = b"/proc/self/fd/";

/// The kernel that runs this process.
pub struct Linux {
    auxiliary: Auxiliary,
    /// Bytes of AT_RANDOM used so far.
    used: usize,
    /// Random numbers of getrandom(2) that are not used yet.
    pool: Vec<u32, 16>,
}

impl Linux {
    /// The kernel that gave this process its auxiliary vector.
    pub const fn new(auxiliary: Auxiliary) -> Self {
        Self {
            auxiliary,
            used: 0,
            pool: Vec::new(),
        }
    }

    /// An effective id of this process: AT_EUID or AT_EGID. Where the kernel did not tell it, the
    /// one that IPC_SET refuses.
    fn identity(&self, kind: usize) -> u32 {
        let id = self.auxiliary.find(kind).unwrap_or(usize::MAX);
        u32::try_from(id).unwrap_or(u32::MAX)
    }

    /// Bytes of a page.
    fn page(&self) -> NonZero<u64> {
        let page = self.auxiliary.find(AT_PAGESZ).unwrap_or_default();
        NonZero::new(wide(page)).unwrap_or(NonZero::<u64>::MIN)
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
        // SAFETY: four of the kernel's bytes, to which nothing writes.
        Some(unsafe { ptr::with_exposed_provenance::<u32>(random).read_unaligned() })
    }
}

impl Kernel for Linux {
    fn block_signals(&mut self) -> Result<(), Errno> {
        let all = u64::MAX;
        let (set, size) = (by_ref(&all), number(size_of_val(&all)));
        // SAFETY: a set of this size; none to write to.
        unsafe {
            call(
                Sysno::rt_sigprocmask,
                [number(SIG_BLOCK), set, Argument::ZERO, size],
            )
        }
        .map(drop)
    }

    fn ipc_get(&mut self, kind: Kind, amount: u64, key: u32, flags: u32) -> Result<Id, Errno> {
        if MAX_ADDRESSES.is_some_and(|most| amount > most) {
            return Err(Errno::EINVAL);
        }
        let (amount, key, flags) = (number(amount), number(key), number(flags));
        let (get, second, third) = match kind {
            Kind::Shm => (Sysno::shmget, amount, flags),
            Kind::Queue => (Sysno::msgget, flags, Argument::ZERO),
            Kind::Sem => (Sysno::semget, amount, flags),
        };
        // SAFETY: all three take numbers only.
        unsafe { variants::system_v(get, [key, second, third, Argument::ZERO]) }
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
            // It is an int at most.
            msg_qbytes: narrow(qbytes),
            ..Msqid64Ds::default()
        };
        // SAFETY: at least the struct of the kind.
        unsafe { control(kind, id, IPC_SET, by_ref(&properties)) }
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
        // SAFETY: at least the struct of the kind.
        unsafe { control(kind, id, IPC_STAT, by_mut(&mut any)) }?;
        // SAFETY: all of them are numbers, and all their bytes are set. They begin alike.
        let mode = unsafe { any.msg.msg_perm.mode };
        let amount = match kind {
            // SAFETY: as above.
            Kind::Shm => unsafe { any.shm.shm_segsz },
            // SAFETY: as above.
            Kind::Queue => unsafe { any.msg.msg_qbytes },
            // SAFETY: as above.
            Kind::Sem => unsafe { any.sem.sem_nsems },
        };
        let amount = wide(amount);
        Ok(State { mode, amount })
    }

    fn ipc_rmid(&mut self, kind: Kind, id: Id) -> Result<(), Errno> {
        // SAFETY: takes no struct.
        unsafe { control(kind, id, IPC_RMID, Argument::ZERO) }
    }

    fn ipc_info(&mut self, kind: Kind) -> Result<Limits, Errno> {
        // Any id from 0 on.
        let id = 0;
        Ok(match kind {
            Kind::Shm => {
                let mut limits = Shminfo64::default();
                let mut used = ShmInfo::default();
                // SAFETY: each command with the struct that it fills.
                unsafe { control(kind, id, IPC_INFO, by_mut(&mut limits)) }?;
                // SAFETY: as above.
                unsafe { control(kind, id, SHM_INFO, by_mut(&mut used)) }?;
                Limits {
                    each: wide(limits.shmmax),
                    units: wide(limits.shmall),
                    units_used: wide(used.shm_tot),
                    unit: self.page(),
                    objects: wide(limits.shmmni),
                    objects_used: used.used_ids.into(),
                }
            }
            Kind::Queue => {
                let mut all = Msginfo::default();
                // SAFETY: as above.
                unsafe { control(kind, id, MSG_INFO, by_mut(&mut all)) }?;
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
                unsafe { control(kind, id, SEM_INFO, by_mut(&mut all)) }?;
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

    fn sem_setall(&mut self, id: Id, values: &[u16]) -> Result<(), Errno> {
        // SAFETY: a value for each semaphore of the set; no later set has its id.
        unsafe { control(Kind::Sem, id, SETALL, elements(values)) }
    }

    fn semop(&mut self, id: Id, changes: [i16; 2]) -> Result<(), Errno> {
        let operations = changes.map(|sem_op| Sembuf {
            sem_num: 0,
            sem_op,
            sem_flg: IPC_NOWAIT,
        });
        let operations = elements(&operations);
        let arguments = [
            number(id),
            operations,
            number(changes.len()),
            Argument::ZERO,
        ];
        // SAFETY: so many operations to read.
        unsafe { variants::system_v(SEMOP, arguments) }.map(drop)
    }

    fn shm_lock(&mut self, id: Id) -> Result<(), Errno> {
        // SAFETY: takes no struct.
        unsafe { control(Kind::Shm, id, SHM_LOCK, Argument::ZERO) }
    }

    fn open_tmpfile(&mut self, mode: u32) -> Result<Fd, Errno> {
        openat(SHM, O_TMPFILE | O_RDWR, mode)
    }

    fn open_new(&mut self, path: &Path) -> Result<Fd, Errno> {
        let flags = O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR;
        // SAFETY: the path ends with a NUL.
        unsafe { open(file(path), flags, 0) }
    }

    fn mq_create(
        &mut self,
        path: &Path,
        mode: u32,
        attributes: Option<Attributes>,
    ) -> Result<Fd, Errno> {
        let attributes = attributes.map(|Attributes { maxmsg, msgsize }| MqAttr {
            // More than a word holds is negative there, which mq_open(2) refuses.
            mq_maxmsg: narrow(maxmsg),
            mq_msgsize: narrow(msgsize),
            ..MqAttr::default()
        });
        mq_open(path, O_CREAT | O_EXCL | O_RDWR, mode, attributes.as_ref())
    }

    fn mq_open(&mut self, path: &Path) -> Result<Fd, Errno> {
        mq_open(path, O_RDONLY, 0, None)
    }

    fn mq_getattr(&mut self, fd: Fd) -> Result<Attributes, Errno> {
        let mut all = MqAttr::default();
        let arguments = [raw_fd(fd), Argument::ZERO, by_mut(&mut all)];
        // SAFETY: no attributes to set, and an mq_attr to write to.
        unsafe { call(Sysno::mq_getsetattr, arguments) }?;
        Ok(Attributes {
            maxmsg: wide(all.mq_maxmsg),
            msgsize: wide(all.mq_msgsize),
        })
    }

    fn ftruncate(&mut self, fd: Fd, size: u64) -> Result<(), Errno> {
        variants::ftruncate(fd, size)
    }

    fn fallocate(&mut self, fd: Fd, size: u64) -> Result<(), Errno> {
        loop {
            let done = variants::fallocate(fd, size);
            // A freezer or a debugger interrupts it, whatever signals are blocked.
            if done != Err(Errno::EINTR) {
                return done;
            }
        }
    }

    fn fchown(&mut self, fd: Fd, Owner { uid, gid }: Owner) -> Result<(), Errno> {
        // SAFETY: takes numbers only.
        unsafe { call(FCHOWN, [raw_fd(fd), number(uid), number(gid)]) }.map(drop)
    }

    fn fchmod(&mut self, fd: Fd, mode: u32) -> Result<(), Errno> {
        // SAFETY: takes numbers only.
        unsafe { call(Sysno::fchmod, [raw_fd(fd), number(mode)]) }.map(drop)
    }

    fn umask(&mut self) -> Result<u32, Errno> {
        // SAFETY: takes a number only.
        let umask = unsafe { call(Sysno::umask, [Argument::ZERO]) }?;
        // SAFETY: as above.
        unsafe { call(Sysno::umask, [number(umask)]) }?;
        Ok(umask.try_into().unwrap_or_default())
    }

    fn linkat(&mut self, fd: Fd, path: &Path) -> Result<(), Errno> {
        // SAFETY: each path ends with a NUL.
        let link = |from, name, flags| unsafe { link(from, name, path, flags) };
        match link(raw_fd(fd), c_str(c""), AT_EMPTY_PATH) {
            // Before Linux 6.10 that takes CAP_DAC_READ_SEARCH.
            Err(Errno::ENOENT) => {
                let mut open = Path::EMPTY;
                // It is not too long.
                _ = open.put(DESCRIPTORS);
                _ = open.put(digits(wide(fd.0), TEN, &mut [0; MAX_DIGITS]));
                link(Argument::CWD, file(&open), AT_SYMLINK_FOLLOW)
            }
            linked => linked,
        }
    }

    fn linkat_path(&mut self, from: &Path, path: &Path) -> Result<(), Errno> {
        // SAFETY: each path ends with a NUL.
        unsafe { link(Argument::CWD, file(from), path, 0) }
    }

    fn is_same(&mut self, fd: Fd, path: &Path) -> Result<bool, Errno> {
        let [open, named] = [status(Some(fd), path)?, status(None, path)?];
        Ok(open.dev == named.dev && open.ino == named.ino)
    }

    fn close(&mut self, fd: Fd) -> Result<(), Errno> {
        // SAFETY: takes a number only.
        unsafe { call(Sysno::close, [raw_fd(fd)]) }.map(drop)
    }

    fn unlink(&mut self, kind: Kind, path: &Path) -> Result<(), Errno> {
        let (sysno, first, second) = match kind {
            Kind::Queue => (Sysno::mq_unlink, queue(path), Argument::ZERO),
            Kind::Shm | Kind::Sem => (Sysno::unlinkat, Argument::CWD, file(path)),
        };
        // SAFETY: the path ends with a NUL.
        unsafe { call(sysno, [first, second]) }.map(drop)
    }

    fn statx(&mut self, fd: Option<Fd>, path: &Path) -> Result<State, Errno> {
        let Status { mode, size, .. } = status(fd, path)?;
        Ok(State { mode, amount: size })
    }

    #[inline(never)] // its path would be in the frame of every run
    fn identify(&mut self, path: &[u8]) -> Result<Identity, Errno> {
        let mut buffer = Vec::new();
        let path = c_str(with_nul(path, &mut buffer)?);
        // SAFETY: the path ends with a NUL.
        let Status { ino, dev, .. } = unsafe { statx(None, path, AT_NO_AUTOMOUNT) }?;
        Ok(Identity { ino, dev })
    }

    fn statfs(&mut self) -> Result<Space, Errno> {
        let mut all = Statfs::default();
        variants::statfs(SHM, &mut all)?;
        Ok(Space {
            block: wide(all.f_bsize),
            blocks: all.f_blocks,
            free_blocks: all.f_bavail,
            inodes: all.f_files,
            free_inodes: all.f_ffree,
            is_hugetlbfs: all.f_type == HUGETLBFS_MAGIC,
        })
    }

    fn random(&mut self) -> Result<u32, Errno> {
        if let Some(random) = self.at_random() {
            return Ok(random);
        }
        if self.pool.is_empty() {
            let mut bytes = [0; 64];
            let mut get = |flags| {
                let size = number(bytes.len());
                let arguments = [bytes_mut(&mut bytes), size, number(flags)];
                // SAFETY: the bytes have this size.
                unsafe { call(Sysno::getrandom, arguments) }
            };
            match get(GRND_NONBLOCK) {
                Ok(_) => {}
                // Early in a boot the bytes are no secret yet. A key is none either.
                Err(Errno::EAGAIN) => drop(get(GRND_INSECURE)?),
                // Before Linux 3.17.
                Err(Errno::ENOSYS) => {
                    let size = bytes.len();
                    if self.read(File::System(URANDOM), &mut bytes)?.len() < size {
                        return Err(Errno::EIO);
                    }
                }
                Err(errno) => return Err(errno),
            }
            // Up to 256 bytes come whole.
            let (numbers, _) = bytes.as_chunks();
            self.pool
                .extend(numbers.iter().map(|&bytes| u32::from_ne_bytes(bytes)));
        }
        self.pool.pop().ok_or(Errno::EIO)
    }

    fn read<'b>(&mut self, file: File<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8], Errno> {
        let (File::System(path) | File::Once(path)) = file;
        let fd = openat(path, O_RDONLY | O_NONBLOCK, 0)?;
        let filled = fill(fd, buffer);
        if matches!(file, File::System(_)) {
            _ = self.close(fd);
        }
        Ok(buffer.get(..filled?).unwrap_or_default())
    }

    fn read_whole<'a>(&mut self, file: Input<'_>) -> Result<&'a [u8], Errno> {
        let mut start = map(TEXT)?;
        let mut size = TEXT;
        let fd = match file {
            Input::In => Fd::IN,
            Input::File(path) => open_user(path)?,
        };
        let mut filled = 0;
        loop {
            let text = ptr::with_exposed_provenance_mut(start);
            // SAFETY: so many bytes are mapped, and referred to only here.
            let text = unsafe { slice::from_raw_parts_mut(text, size) };
            filled += fill(fd, text.get_mut(filled..).unwrap_or_default())?;
            if filled < size {
                return Ok(text.get(..filled).unwrap_or_default());
            }
            let mut twice = size.saturating_mul(2);
            if usize::BITS == 32 {
                twice = twice.min(LARGEST);
                if twice == size {
                    return Err(Errno::ENOMEM);
                }
            }
            let arguments = [
                number(start),
                number(size),
                number(twice),
                number(MREMAP_MAYMOVE),
            ];
            // SAFETY: nothing refers to the bytes meanwhile.
            start = unsafe { call(Sysno::mremap, arguments) }?;
            size = twice;
        }
    }

    fn mmap_bytes<'a>(&mut self, count: usize) -> Result<&'a mut [u8], Errno> {
        let start = ptr::with_exposed_provenance_mut(map(count)?);
        // SAFETY: so many zeros, which stay, and are referred to only here.
        Ok(unsafe { slice::from_raw_parts_mut(start, count) })
    }

    fn mmap<'a, T: Copy + 'a>(&mut self, count: usize, value: T) -> Result<&'a mut [T], Errno> {
        let start = map(size_of::<T>().saturating_mul(count))?;
        let start = ptr::with_exposed_provenance_mut::<MaybeUninit<T>>(start);
        // SAFETY: the pages have room for so many, and are referred to only here.
        let places = unsafe { slice::from_raw_parts_mut(start, count) };
        places.fill(MaybeUninit::new(value));
        // SAFETY: so many values, which stay.
        Ok(unsafe { slice::from_raw_parts_mut(start.cast(), count) })
    }

    fn prlimit(&mut self, resource: usize) -> Result<u64, Errno> {
        /// The process that calls.
        const SELF: Argument<'_> = Argument::ZERO;
        let mut limit = Rlimit64::default();
        let arguments = [SELF, number(resource), Argument::ZERO, by_mut(&mut limit)];
        // SAFETY: no limit to set, and an rlimit64 to write to.
        unsafe { call(Sysno::prlimit64, arguments) }?;
        Ok(limit.rlim_cur)
    }

    fn is_filtered(&mut self) -> bool {
        // SAFETY: takes a number only.
        match unsafe { call(Sysno::prctl, [number(PR_GET_SECCOMP)]) } {
            // A kernel without filters does not know the command.
            Ok(SECCOMP_MODE_DISABLED) | Err(Errno::EINVAL) => false,
            Ok(_) | Err(_) => true,
        }
    }

    fn probe(&mut self, sysno: Sysno, command: usize) -> Option<Errno> {
        /// Addresses that are never mapped: vm.mmap_min_addr.
        const UNMAPPED: usize = 0xffff;
        // openat(2) has its path there. On aarch64 O_TMPFILE would be an address of this file.
        let second = number(command & UNMAPPED);
        let arguments = [Argument::NO_FD, second, number(command), Argument::ZERO];
        // SAFETY: the first argument is refused, or nothing is to be read or written.
        unsafe { variants::system_v(sysno, arguments) }.err()
    }

    fn write(&mut self, fd: Fd, text: &[u8]) -> Result<usize, Errno> {
        // SAFETY: the text has this size.
        unsafe {
            call(
                Sysno::write,
                [raw_fd(fd), elements(text), number(text.len())],
            )
        }
    }

    fn ppoll(&mut self, fd: Fd) -> Result<(), Errno> {
        let mut set = 0_u64;
        let size = number(size_of_val(&set));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            let mut action = Sigaction::default();
            let arguments = [number(signal), Argument::ZERO, by_mut(&mut action), size];
            // SAFETY: no action to set, and one of this architecture to write to.
            unsafe { call(Sysno::rt_sigaction, arguments) }?;
            if action.sa_handler != SIG_IGN {
                // Signal 1 is bit 0.
                set |= 1 << (signal - 1);
            }
        }
        // SAFETY: a set of this size.
        let signals =
            unsafe { call(Sysno::signalfd4, [Argument::NO_FD, by_ref(&set), size]) }.map(Fd)?;
        let mut entries = [pollfd(fd, POLLOUT), pollfd(signals, POLLIN)];
        let waited = wait(&mut entries);
        _ = self.close(signals);
        waited?;
        let [_, signals] = entries;
        if signals.revents == 0 {
            Ok(())
        } else {
            Err(Errno::EINTR)
        }
    }
}

/// Makes the ctl call of a kind, with a command for a whole object.
///
/// # Safety
/// `argument` is what the command takes: the address of a struct, or nothing.
unsafe fn control(kind: Kind, id: Id, command: usize, argument: Argument<'_>) -> Result<(), Errno> {
    let command = number(if ARCH.has_ipc_64 {
        command | IPC_64
    } else {
        command
    });
    let (ctl, second, third, fourth) = match kind {
        Kind::Shm => (Sysno::shmctl, command, argument, Argument::ZERO),
        Kind::Queue => (Sysno::msgctl, command, argument, Argument::ZERO),
        Kind::Sem => (Sysno::semctl, Argument::ZERO, command, argument),
    };
    // SAFETY: the caller's.
    unsafe { variants::system_v(ctl, [number(id), second, third, fourth]) }.map(drop)
}

/// Passes the path of a POSIX object that is a file.
fn file(path: &Path) -> Argument<'_> {
    elements(path.with_nul())
}

/// Passes the name of a POSIX queue, without its slash. (A slash must stand before the address:
/// qemu-user passes that place to mq_open(3).)
fn queue(path: &Path) -> Argument<'_> {
    let [_slash, name @ ..] = path.with_nul();
    elements(name)
}

/// Opens a POSIX queue; None is the kernel's choice of attributes.
fn mq_open(path: &Path, flags: usize, mode: u32, attributes: Option<&MqAttr>) -> Result<Fd, Errno> {
    let attributes = by_ref_or_null(attributes);
    let arguments = [queue(path), number(flags), number(mode), attributes];
    // SAFETY: the name ends with a NUL; an mq_attr to read, or none.
    unsafe { call(Sysno::mq_open, arguments) }.map(Fd)
}

/// What is known of a file.
struct Status {
    /// Type and permissions.
    mode: u32,
    /// Bytes.
    size: u64,
    /// Inode number.
    ino: u64,
    /// Its file system's device; the low byte is that of the minor number.
    dev: u64,
}

/// Reads the status of a POSIX object, an open one or else the file of this path.
fn status(fd: Option<Fd>, path: &Path) -> Result<Status, Errno> {
    let (path, flags) = match fd {
        Some(_) => (c_str(c""), AT_EMPTY_PATH),
        None => (file(path), AT_SYMLINK_NOFOLLOW),
    };
    // SAFETY: the path ends with a NUL.
    unsafe { statx(fd, path, flags) }
}

/// Reads the status of an open file, or else that of a path.
///
/// # Safety
/// `path` is the address of a path that ends with a NUL.
unsafe fn statx(fd: Option<Fd>, path: Argument<'_>, flags: usize) -> Result<Status, Errno> {
    let mut status = Statx::default();
    let from = fd.map_or(Argument::CWD, raw_fd);
    let mask = STATX_TYPE | STATX_MODE | STATX_INO | STATX_SIZE;
    let arguments = [from, path, number(flags), number(mask), by_mut(&mut status)];
    // SAFETY: the caller's; a statx to write to.
    match unsafe { call(Sysno::statx, arguments) } {
        // Before Linux 4.11, or under a filter that does not know it.
        // SAFETY: the caller's.
        Err(Errno::ENOSYS | Errno::EPERM) => unsafe { stat(fd, path, flags) },
        done => done.map(|_| Status {
            mode: status.stx_mode.into(),
            size: status.stx_size,
            ino: status.stx_ino,
            dev: u64::from(status.stx_dev_major) << 32 | u64::from(status.stx_dev_minor),
        }),
    }
}

/// Does the same by the calls that statx(2) replaced. Before Linux 2.6.39 they take no empty path,
/// and AT_SYMLINK_NOFOLLOW alone of the flags.
///
/// # Safety
/// `path` is the address of a path that ends with a NUL.
unsafe fn stat(fd: Option<Fd>, path: Argument<'_>, flags: usize) -> Result<Status, Errno> {
    let mut status = Stat::default();
    let buffer = by_mut(&mut status);
    let flags = number(flags & AT_SYMLINK_NOFOLLOW);
    match fd {
        // SAFETY: a stat to write to.
        Some(fd) => unsafe { call(FSTAT, [raw_fd(fd), buffer]) },
        // SAFETY: the caller's; a stat to write to.
        None => unsafe { call(NEWFSTATAT, [Argument::CWD, path, buffer, flags]) },
    }?;
    Ok(Status {
        mode: status.st_mode,
        size: status.st_size,
        ino: status.st_ino,
        dev: status.st_dev,
    })
}

/// Links a file to a path.
///
/// # Safety
/// `name` is the address of a path that ends with a NUL.
unsafe fn link(
    from: Argument<'_>,
    name: Argument<'_>,
    path: &Path,
    flags: usize,
) -> Result<(), Errno> {
    let arguments = [from, name, Argument::CWD, file(path), number(flags)];
    // SAFETY: the caller's; both paths end with a NUL.
    unsafe { call(Sysno::linkat, arguments) }.map(drop)
}

/// Bytes that are mapped for a text before its size is known.
const TEXT: usize = 1 << 16;

/// Reads until a buffer is full or the file ends, and returns how many bytes that are.
fn fill(fd: Fd, buffer: &mut [u8]) -> Result<usize, Errno> {
    let mut filled = 0;
    loop {
        let rest = buffer.get_mut(filled..).unwrap_or_default();
        let size = number(rest.len());
        // SAFETY: the rest of the buffer has this size.
        match unsafe { call(Sysno::read, [raw_fd(fd), bytes_mut(rest), size]) } {
            Ok(0) => return Ok(filled),
            Ok(bytes) => filled += bytes,
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => wait(&mut [pollfd(fd, POLLIN)])?,
            Err(errno) => return Err(errno),
        }
        if filled >= buffer.len() {
            return Ok(filled);
        }
    }
}

/// Bytes of the most pages to which Rust may refer at once. Where a word has 64 bits, the kernel
/// maps no more.
const LARGEST: usize = isize::MAX.cast_unsigned() & !0xfff;

/// Maps pages of zeros and returns their address.
fn map(size: usize) -> Result<usize, Errno> {
    /// The kernel chooses the address.
    const ANYWHERE: Argument<'_> = Argument::ZERO;
    let rights = number(PROT_READ | PROT_WRITE);
    let flags = number(MAP_PRIVATE | MAP_ANONYMOUS);
    let (no_fd, offset) = (Argument::NO_FD, Argument::ZERO);
    if usize::BITS == 32 && size > LARGEST {
        return Err(Errno::ENOMEM);
    }
    let arguments = [ANYWHERE, number(size), rights, flags, no_fd, offset];
    // SAFETY: the pages replace no others.
    unsafe { call(MMAP, arguments) }
}

/// Opens a file, or with O_TMPFILE creates one with this mode.
fn openat(path: &CStr, flags: usize, mode: u32) -> Result<Fd, Errno> {
    // SAFETY: the path ends with a NUL.
    unsafe { open(c_str(path), flags, mode) }
}

/// The same of a path by its address.
///
/// # Safety
/// It ends with a NUL.
unsafe fn open(path: Argument<'_>, flags: usize, mode: u32) -> Result<Fd, Errno> {
    // The kernel itself adds the flag where a word has 64 bits.
    let large = if usize::BITS == 32 { O_LARGEFILE } else { 0 };
    let arguments = [Argument::CWD, path, number(flags | large), number(mode)];
    // SAFETY: the caller's.
    unsafe { call(Sysno::openat, arguments) }.map(Fd)
}

/// Opens a file that the user named.
#[inline(never)] // its path would be in the frame of every run
fn open_user(path: &[u8]) -> Result<Fd, Errno> {
    let mut buffer = Vec::new();
    openat(with_nul(path, &mut buffer)?, O_RDONLY, 0)
}

/// Copies a path to `buffer` and ends it with a NUL.
///
/// # Errors
/// ENAMETOOLONG, and ENOENT for a path with a NUL in it: no file has such a name.
fn with_nul<'b>(path: &[u8], buffer: &'b mut Vec<u8, PATH_MAX>) -> Result<&'b CStr, Errno> {
    for &byte in path.iter().chain(b"\0") {
        buffer.push(byte).map_err(|_| Errno::ENAMETOOLONG)?;
        if byte == 0 && buffer.len() <= path.len() {
            return Err(Errno::ENOENT);
        }
    }
    // SAFETY: the NUL is the last byte and the only one.
    Ok(unsafe { CStr::from_bytes_with_nul_unchecked(buffer) })
}

/// Makes an entry of ppoll(2).
fn pollfd(fd: Fd, events: i16) -> Pollfd {
    Pollfd {
        fd: i32::try_from(fd.0).unwrap_or(-1),
        events,
        revents: 0,
    }
}

/// Waits without a time limit, with the signal mask as it is.
fn wait<const N: usize>(entries: &mut [Pollfd; N]) -> Result<(), Errno> {
    // SAFETY: N entries; no time and no mask to read.
    unsafe { call(Sysno::ppoll, [by_mut(entries), number(N)]) }.map(drop)
}

/// Ends the process.
pub fn exit(status: u8) -> ! {
    // SAFETY: takes a number only.
    _ = unsafe { call(Sysno::exit_group, [number(status)]) };
    // A seccomp filter has refused the call.
    trap()
}

/// Widens a limit or a count that the kernel keeps as an int. A negative limit allows nothing.
fn count(number: i32) -> u64 {
    number.try_into().unwrap_or_default()
}
