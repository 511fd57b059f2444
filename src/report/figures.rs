//! Measures the figures of hints: one function from a figure's name to its value, if it is known.
//!
//! A condition is a figure too: unknown if it does not hold, else 0 or a figure of the text. So a
//! rule needs nothing but figures.

use core::ffi::CStr;

use super::measure::{attributes, measure};
use crate::kernel::abi::{
    IPC_RMID, IPC_SET, MSG_INFO, O_CREAT, O_EXCL, O_RDWR, O_TMPFILE, RLIMIT_FSIZE, RLIMIT_MEMLOCK,
    RLIMIT_MSGQUEUE, S_IFMT, S_IFREG, SEM_INFO, SETALL, SHM_HUGE_SHIFT, SHM_LOCK,
};
use crate::kernel::arch::{ARCH, wide};
use crate::kernel::calls::{FCHOWN, FTRUNCATE, MMAP, SEMOP};
use crate::kernel::errno::Errno;
use crate::kernel::object::{Called, Id, Kind, LARGEST_FILE, MAX_ADDRESSES, Made, Name};
use crate::kernel::port::{Attributes, Fd, File, Kernel, Limits, Space};
use crate::kernel::posix::{Path, bare, is_bad};
use crate::plan::attempt::{Attempt, Doing};
use crate::plan::step::Step;
use syscalls::Sysno;

/// The name of a figure. `If` begins a condition; if it does not hold, the figure is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Nothing: always 0.
    None,

    // Of the request.
    /// Bytes or semaphores that are asked for.
    Asked,
    /// KiB that are asked for.
    AskedKib,
    /// The key.
    Key,
    /// 0: --owner is being looked up.
    IfOwner,
    /// 0: nothing is asked for.
    IfNothingAsked,
    /// 0: no POSIX object can have the name.
    IfBadName,
    /// The letter behind the last colon of a --ftok that has no id.
    LetterId,
    /// Bytes of the largest file, if more are asked for.
    LargestFileIfOver,
    /// Bytes of a 32-bit address space, if more are asked for.
    AddressesIfOver,

    /// One of the limits of System V objects.
    Limit(Limit),

    // Of the System V object that has the key.
    /// Its id, if it is as large as asked for.
    Holder,
    /// Its id, if it is smaller than asked for.
    SmallHolder,
    /// Bytes or semaphores of [`Self::SmallHolder`], which comes before.
    SmallAmount,
    /// 0: no other process has removed the object.
    IfNotGone,

    // Of either.
    /// 0: an earlier line of the batch has created it, and the undo removes it.
    IfOurs,

    // Of memory.
    /// KiB that the kernel has promised, if vm.overcommit_memory is 2 and what is asked for is too
    /// much.
    CommittedIfOver,
    /// KiB that it promises at most.
    CommitLimit,
    /// KiB of memory and swap, if vm.overcommit_memory is 0 and more is asked for.
    MemoryIfOver,
    /// KiB of memory and swap, if vm.overcommit_memory is not 2.
    MemoryIfUnlimited,
    /// Free huge pages of the default size that are not promised, if more of that size are asked
    /// for.
    HugeFreeIfShort,
    /// Huge pages of the default size.
    HugePages,
    /// Huge pages that are asked for.
    HugeAsked,
    /// KiB of a huge page, if a size is asked for.
    HugeKib,
    /// RLIMIT_MEMLOCK.
    Memlock,
    /// 0: RLIMIT_MEMLOCK is 0.
    IfNoMemlock,

    // Of POSIX objects.
    /// Bytes of the object that exists, if it is a regular file.
    FoundIfFile,
    /// Its bytes, whatever it is.
    Found,
    /// RLIMIT_FSIZE, if more is asked for.
    FsizeIfOver,
    /// Inodes of /dev/shm, if none is free.
    InodesIfFull,
    /// Blocks of /dev/shm, if none is free.
    BlocksIfFull,
    /// KiB of /dev/shm that are free, if more are asked for.
    FreeKibIfOver,
    /// KiB of /dev/shm.
    SpaceKib,
    /// 0: pages are being allocated.
    IfAllocating,
    /// Bytes of a page of /dev/shm, if it is a hugetlbfs.
    HugetlbfsPage,
    /// KiB of that page.
    HugetlbfsKib,
    /// 0: there is no /dev/shm.
    IfNoDevShm,
    /// fs.mqueue.queues_max.
    QueuesMax,
    /// fs.mqueue.msg_max.
    MsgMax,
    /// fs.mqueue.msgsize_max.
    MsgsizeMax,
    /// Messages that the queue was to hold.
    Maxmsg,
    /// Bytes of each.
    Msgsize,
    /// RLIMIT_MSGQUEUE.
    Msgqueue,
    /// 0: the errno is not that of a queue whose bytes a word of 32 bits cannot count.
    IfUserUnmapped,
    /// 0: open(2) fails with EMFILE.
    IfNoDescriptor,

    // Of the process and its calls.
    /// 0: --owner is given.
    IfOwned,
    /// 0: fs.protected_hardlinks is 1.
    IfHardlinksProtected,
    /// 0: a seccomp filter has refused the call.
    IfFiltered,
    /// 0: there is a seccomp filter, whatever it refuses.
    IfFilter,
}

/// A figure of the limits of a kind of System V object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// SHMMAX, MSGMNB or SEMMSL, if more is asked for.
    EachIfOver,
    /// Pages or semaphores in use, if what is asked for is too much beside them.
    UnitsUsedIfOver,
    /// SHMALL or SEMMNS.
    Units,
    /// Pages or semaphores that are asked for.
    UnitsAsked,
    /// Objects in use, if no more are allowed.
    ObjectsUsedIfFull,
    /// SHMMNI, MSGMNI or SEMMNI.
    Objects,
}

/// What figures are read from.
pub struct Facts<'f, 'a, K> {
    attempt: &'f Attempt<'a>,
    errno: Errno,
    /// What this run has created.
    made: &'f [Made<'a>],
    /// What is asked for: bytes, semaphores, or msg_qbytes of a queue.
    asked: u64,
    /// The System V object that was found last.
    holder: Id,
    /// Its bytes or semaphores, as far as `small()` has found them; 0 before.
    small: u64,
    /// The limits of System V objects, read once, even if that fails: all figures are of one
    /// moment. [`Errno::NONE`] until then.
    limits: Result<Limits, Errno>,
    /// vm.overcommit_memory, read once too.
    policy: Option<Option<u64>>,
    /// The room in /dev/shm, read once too.
    space: Option<Result<Space, Errno>>,
    kernel: &'f mut K,
}

impl<'f, 'a, K: Kernel> Facts<'f, 'a, K> {
    /// Those about a refusal of this attempt, in a run that has created these objects.
    pub fn new(
        attempt: &'f Attempt<'a>,
        errno: Errno,
        made: &'f [Made<'a>],
        kernel: &'f mut K,
    ) -> Self {
        let Step { kind, amount, .. } = attempt.step;
        Self {
            attempt,
            errno,
            made,
            asked: if kind == Kind::Queue {
                attempt.qbytes
            } else {
                amount
            },
            holder: 0,
            small: 0,
            limits: Err(Errno::NONE),
            policy: None,
            space: None,
            kernel,
        }
    }

    /// A figure, unless it is unknown.
    pub fn figure(&mut self, name: Figure) -> Option<u64> {
        let asked = self.asked;
        let kind = self.attempt.step.kind;
        let if_over = |most: u64| (asked > most).then_some(most);
        let if_full = |all: u64, free: u64| (all != 0 && free == 0).then_some(all);
        let when = |holds: bool| holds.then_some(0);
        match name {
            Figure::None => Some(0),

            Figure::Asked => Some(asked),
            Figure::AskedKib => Some(asked.div_ceil(1024)),
            Figure::Key => Some(self.attempt.key.into()),
            Figure::IfOwner => when(self.attempt.doing == Doing::FindOwner),
            Figure::IfNothingAsked => when(asked == 0),
            Figure::IfBadName => when(is_bad(bare(self.attempt.path, kind))),
            Figure::LetterId => match self.attempt.path {
                [.., b':', letter]
                    if letter.is_ascii_alphabetic()
                        && self.attempt.doing == Doing::FtokWithoutId =>
                {
                    Some((*letter).into())
                }
                _ => None,
            },
            // A kernel of 32 bits has smaller ones.
            Figure::LargestFileIfOver => if_over(match self.errno {
                Errno::EFBIG => ARCH.largest_file,
                Errno::ENOSPC => ARCH.largest_segment,
                _ => LARGEST_FILE,
            }),
            Figure::AddressesIfOver => MAX_ADDRESSES.and_then(if_over),

            Figure::Limit(limit) => self.limit(limit),

            Figure::Holder => self.get(self.attempt.step.amount).ok().map(wide),
            Figure::SmallHolder => self.small(),
            Figure::SmallAmount => Some(self.small),
            Figure::IfNotGone => when(!self.is_gone()),

            Figure::IfOurs => when(self.is_ours()),

            Figure::CommittedIfOver => {
                (self.policy()? == OVERCOMMIT_NEVER).then_some(())?;
                let committed = self.meminfo(b"Committed_AS:")?;
                let sum = committed.saturating_add(asked.div_ceil(1024));
                (sum > self.figure(Figure::CommitLimit)?).then_some(committed)
            }
            Figure::CommitLimit => self.meminfo(b"CommitLimit:"),
            Figure::MemoryIfOver => {
                (self.policy()? == OVERCOMMIT_GUESS).then_some(())?;
                self.memory().filter(|all| asked / 1024 > *all)
            }
            Figure::MemoryIfUnlimited => {
                (self.policy()? != OVERCOMMIT_NEVER).then_some(())?;
                self.memory()
            }
            Figure::HugeFreeIfShort => {
                let is_default = self.huge_page() == self.default_huge_page();
                is_default.then_some(())?;
                let free = self.meminfo(b"HugePages_Free:")?;
                let free = free.saturating_sub(self.meminfo(b"HugePages_Rsvd:")?);
                (free < self.figure(Figure::HugeAsked)?).then_some(free)
            }
            Figure::HugePages => self.meminfo(b"HugePages_Total:"),
            Figure::HugeAsked => {
                let size = self.huge_page()?;
                asked.checked_add(size - 1)?.checked_div(size)
            }
            Figure::HugeKib => {
                (self.attempt.flags >> SHM_HUGE_SHIFT != 0).then_some(())?;
                Some(self.huge_page()? / 1024)
            }
            Figure::Memlock => self.kernel.prlimit(RLIMIT_MEMLOCK).ok(),
            Figure::IfNoMemlock => when(self.figure(Figure::Memlock)? == 0),

            Figure::FoundIfFile => {
                let found = self.attempt.found?;
                (found.mode & S_IFMT == S_IFREG).then_some(found.amount)
            }
            Figure::Found => Some(self.attempt.found?.amount),
            Figure::FsizeIfOver => if_over(self.kernel.prlimit(RLIMIT_FSIZE).ok()?),
            Figure::InodesIfFull => {
                let space = self.space()?;
                if_full(space.inodes, space.free_inodes)
            }
            Figure::BlocksIfFull => {
                let space = self.space()?;
                if_full(space.blocks, space.free_blocks)
            }
            Figure::FreeKibIfOver => {
                let space = self.space()?;
                let free = space.free_blocks.checked_mul(space.block)?;
                (space.blocks != 0 && asked > free).then_some(free / 1024)
            }
            Figure::SpaceKib => {
                let space = self.space()?;
                Some(space.blocks.checked_mul(space.block)? / 1024)
            }
            Figure::IfAllocating => when(self.attempt.doing == Doing::Allocate),
            Figure::HugetlbfsPage => {
                let space = self.space()?;
                space.is_hugetlbfs.then_some(space.block)
            }
            Figure::HugetlbfsKib => Some(self.figure(Figure::HugetlbfsPage)? / 1024),
            Figure::IfNoDevShm => {
                _ = self.space();
                when(self.space == Some(Err(Errno::ENOENT)))
            }
            Figure::QueuesMax => self.read(c"/proc/sys/fs/mqueue/queues_max"),
            Figure::MsgMax => self.read(c"/proc/sys/fs/mqueue/msg_max"),
            Figure::MsgsizeMax => self.read(c"/proc/sys/fs/mqueue/msgsize_max"),
            Figure::Maxmsg => Some(self.attributes().maxmsg),
            Figure::Msgsize => Some(self.attributes().msgsize),
            Figure::Msgqueue => self.kernel.prlimit(RLIMIT_MSGQUEUE).ok(),
            Figure::IfUserUnmapped => {
                let is_small = |given: Attributes| {
                    let bytes = given.maxmsg.checked_mul(given.msgsize);
                    bytes.is_some_and(|bytes| u32::try_from(bytes).is_ok())
                };
                when(usize::BITS == 64 || self.attempt.attributes.is_none_or(is_small))
            }
            Figure::IfNoDescriptor => {
                let root = self.kernel.read(File::System(c"/"), &mut []);
                when(root == Err(Errno::EMFILE))
            }

            Figure::IfOwned => when(self.attempt.has_owner),
            Figure::IfHardlinksProtected => {
                when(self.read(c"/proc/sys/fs/protected_hardlinks")? == 1)
            }

            Figure::IfFiltered => when(self.kernel.is_filtered() && self.is_filtered()),
            Figure::IfFilter => when(self.kernel.is_filtered()),
        }
    }
}

impl<K: Kernel> Facts<'_, '_, K> {
    /// A figure of the limits of the kind of System V object.
    fn limit(&mut self, name: Limit) -> Option<u64> {
        if matches!(self.limits, Err(Errno::NONE)) {
            self.limits = self.kernel.ipc_info(self.attempt.step.kind);
        }
        let mut limits = self.limits.ok()?;
        let units = self.asked.saturating_add(limits.unit.get() - 1) / limits.unit;
        if usize::BITS == 32 && limits.each == MAX_TOLD {
            self.read_cut(name, units, &mut limits)?;
        }
        let (holds, figure) = match name {
            Limit::EachIfOver => (self.asked > limits.each, limits.each),
            Limit::UnitsUsedIfOver => (
                limits.units_used.saturating_add(units) > limits.units,
                limits.units_used,
            ),
            Limit::Units => (true, limits.units),
            Limit::UnitsAsked => (true, units),
            Limit::ObjectsUsedIfFull => {
                (limits.objects_used >= limits.objects, limits.objects_used)
            }
            Limit::Objects => (true, limits.objects),
        };
        holds.then_some(figure)
    }

    /// Reads from /proc what a 64-bit kernel has told a 32-bit program cut: SHMMAX, and SHMALL
    /// modulo 2^32.
    fn read_cut(&mut self, name: Limit, units: u64, limits: &mut Limits) -> Option<()> {
        match name {
            Limit::EachIfOver if self.asked > MAX_TOLD => {
                limits.each = self.read(c"/proc/sys/kernel/shmmax")?;
            }
            Limit::UnitsUsedIfOver if limits.units_used.saturating_add(units) <= limits.units => {}
            Limit::UnitsUsedIfOver | Limit::Units => {
                let whole = self.read(c"/proc/sys/kernel/shmall");
                limits.units = whole.unwrap_or(limits.units);
            }
            Limit::EachIfOver | Limit::UnitsAsked | Limit::ObjectsUsedIfFull | Limit::Objects => {}
        }
        Some(())
    }

    /// Finds the System V object that has the key, if it has this amount at least. That takes no
    /// permission.
    fn get(&mut self, amount: u64) -> Result<Id, Errno> {
        let Attempt { step, key, .. } = *self.attempt;
        let found = self.kernel.ipc_get(step.kind, amount, key, 0);
        self.holder = found.unwrap_or(self.holder);
        found
    }

    /// The id of the object that has the key and is smaller than what is asked for. Its amount is
    /// found bit by bit: IPC_STAT would take read permission, and [`Self::get`] takes none.
    fn small(&mut self) -> Option<u64> {
        let mut bit = 1 << (u64::BITS - 1);
        while bit != 0 {
            let amount = self.small | bit;
            if amount < self.asked && self.get(amount).is_ok() {
                self.small = amount;
            }
            bit >>= 1;
        }
        // Without, another process has removed it meanwhile.
        (self.small != 0).then_some(wide(self.holder))
    }

    /// Whether an earlier line of the batch has created the object that has the key or the name.
    fn is_ours(&mut self) -> bool {
        let Attempt {
            step,
            path,
            libc,
            line,
            ..
        } = *self.attempt;
        if line.is_none() {
            return false;
        }
        let name = Name { bytes: path, libc };
        let holder = if step.is_posix {
            Err(Errno::NONE)
        } else {
            self.get(0)
        };
        self.made.iter().any(|made| match made.called {
            Called::Id(id) => made.kind == step.kind && holder == Ok(id),
            Called::Name(other) => step.is_posix && other.path(made.kind) == name.path(step.kind),
        })
    }

    /// Whether another process has removed the object that was created last. Unless it is one of a
    /// batch, the undo has found that out.
    fn is_gone(&mut self) -> bool {
        let Some(Called::Id(id)) = self.made.last().map(|made| made.called) else {
            return false;
        };
        let is_there = |kernel: &mut K| {
            let state = kernel.ipc_stat(self.attempt.step.kind, id);
            !matches!(state, Err(Errno::EINVAL | Errno::EIDRM))
        };
        self.attempt.is_gone || (self.attempt.line.is_some() && !is_there(self.kernel))
    }

    /// Whether a seccomp filter has refused the call. It refuses the call too where the kernel
    /// itself would refuse an argument, with another errno.
    fn is_filtered(&mut self) -> bool {
        let Step { kind, is_posix, .. } = self.attempt.step;
        let errno = self.errno;
        let kernel = &mut *self.kernel;
        let (get, control) = match kind {
            Kind::Shm => (Sysno::shmget, Sysno::shmctl),
            Kind::Queue => (Sysno::msgget, Sysno::msgctl),
            Kind::Sem => (Sysno::semget, Sysno::semctl),
        };
        // The call, and another one of its family: a kernel that lacks the one lacks both.
        let is_queue = kind == Kind::Queue;
        let (call, command, family) = match self.attempt.doing {
            Doing::Create | Doing::Find if !is_posix => (get, 0, Some(control)),
            Doing::Create if is_queue => (Sysno::mq_open, 0, Some(Sysno::mq_unlink)),
            // Without a name, or under another one.
            Doing::Create if kernel.probe(Sysno::openat, O_CREAT | O_EXCL) == Some(errno) => {
                return true;
            }
            Doing::Create => (Sysno::openat, O_TMPFILE | O_RDWR, None),
            Doing::Fill => (FTRUNCATE, 0, None),
            Doing::Allocate => (Sysno::fallocate, 0, None),
            Doing::Find => {
                let mut files = [Some(Fd::NONE), None].into_iter();
                return files.any(|fd| kernel.statx(fd, &Path::ROOT) == Err(errno));
            }
            Doing::Own => (FCHOWN, 0, None),
            Doing::SetMode => (Sysno::fchmod, 0, None),
            Doing::Link => (Sysno::linkat, 0, None),
            Doing::Close => (Sysno::close, 0, None),
            // One of two calls.
            Doing::Remove
                if !is_posix && errno != Errno::ENOSYS && kernel.probe(get, 0) == Some(errno) =>
            {
                return true;
            }
            Doing::Remove if !is_posix => (control, IPC_RMID, Some(get)),
            Doing::Remove if is_queue => (Sysno::mq_unlink, 0, Some(Sysno::mq_open)),
            Doing::Remove | Doing::Unlink => (Sysno::unlinkat, 0, None),
            Doing::SetValues => (Sysno::semctl, SETALL, None),
            Doing::MarkReady => (SEMOP, 0, None),
            Doing::Lock => (Sysno::shmctl, SHM_LOCK, None),
            Doing::Limits => (control, if is_queue { MSG_INFO } else { SEM_INFO }, None),
            Doing::Set => (control, IPC_SET, None),
            Doing::Ftok | Doing::FtokWithoutId => return kernel.identify(b"") == Err(errno),
            Doing::ReadBatch | Doing::FindOwner => {
                let calls = [Sysno::read, Sysno::openat, MMAP, Sysno::mremap];
                return calls
                    .iter()
                    .any(|call| kernel.probe(*call, 0) == Some(errno));
            }
            // The kernel itself does not refuse these so.
            Doing::Memory | Doing::BlockSignals | Doing::ReadUmask => return true,
            // /dev/urandom, which stands in for it, can be refused by its mode.
            Doing::RandomKey => (Sysno::getrandom, 0, None),
            Doing::Write | Doing::ForcedShm | Doing::Replaced => (Sysno::write, 0, None),
        };
        match family {
            Some(other) if errno == Errno::ENOSYS => kernel.probe(other, 0) != Some(errno),
            _ => kernel.probe(call, command) == Some(errno),
        }
    }

    /// A number that is all of a file.
    fn read(&mut self, path: &CStr) -> Option<u64> {
        measure(self.kernel, path, b"")
    }

    /// vm.overcommit_memory.
    fn policy(&mut self) -> Option<u64> {
        if self.policy.is_none() {
            self.policy = Some(self.read(c"/proc/sys/vm/overcommit_memory"));
        }
        self.policy.flatten()
    }

    /// The room in /dev/shm.
    fn space(&mut self) -> Option<&Space> {
        if self.space.is_none() {
            self.space = Some(self.kernel.statfs());
        }
        self.space.as_ref()?.as_ref().ok()
    }

    /// A figure of /proc/meminfo, which has some 1,500 bytes.
    fn meminfo(&mut self, name: &[u8]) -> Option<u64> {
        measure(self.kernel, c"/proc/meminfo", name)
    }

    /// KiB of memory and swap.
    fn memory(&mut self) -> Option<u64> {
        let memory = self.meminfo(b"MemTotal:")?;
        Some(memory.saturating_add(self.meminfo(b"SwapTotal:")?))
    }

    /// Bytes of a huge page of the size that is asked for.
    fn huge_page(&mut self) -> Option<u64> {
        match self.attempt.flags >> SHM_HUGE_SHIFT {
            0 => self.default_huge_page(),
            log => 1_u64.checked_shl(log),
        }
    }

    /// Bytes of a huge page of the default size.
    fn default_huge_page(&mut self) -> Option<u64> {
        self.meminfo(b"Hugepagesize:")?.checked_mul(1024)
    }

    /// Attributes of the POSIX queue.
    fn attributes(&mut self) -> Attributes {
        let asked = self.attempt.attributes;
        asked.unwrap_or_else(|| attributes(None, None, self.kernel))
    }
}

/// The most of SHMMAX that a 64-bit kernel tells a 32-bit program. `ipc/shm.c`.
const MAX_TOLD: u64 = 0x7fff_ffff;
/// A value of vm.overcommit_memory: promises up to what there is. `linux/mman.h`.
const OVERCOMMIT_GUESS: u64 = 0;
/// A value of vm.overcommit_memory: promises up to CommitLimit. `linux/mman.h`.
const OVERCOMMIT_NEVER: u64 = 2;
