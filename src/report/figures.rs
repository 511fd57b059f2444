//! Measures the figures of hints: one function from a figure's name to its value, if it is known.
//!
//! A condition is a figure too: unknown if it does not hold, else 0 or a figure of the text. So a
//! rule needs nothing but figures.

use core::ffi::CStr;

use super::measure::{attributes, measure};
use crate::cli::batch::MAX_BYTES;
use crate::kernel::abi::{
    RLIMIT_FSIZE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, S_IFMT, S_IFREG, SHM_HUGE_SHIFT,
};
use crate::kernel::errno::Errno;
use crate::kernel::object::{Id, Kind};
use crate::kernel::port::{Attributes, File, Kernel, Limits, Space};
use crate::kernel::posix::{bare, is_bad};
use crate::plan::attempt::Attempt;
use crate::plan::step::Step;

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
    /// Most bytes of a batch.
    BatchBytes,
    /// 0: nothing is asked for.
    IfNothingAsked,
    /// 0: no POSIX object can have the name.
    IfBadName,
    /// Bytes of the largest file, if more are asked for.
    LargestFileIfOver,

    /// One of the limits of System V objects.
    Limit(Limit),

    // Of the System V object that has the key.
    /// Its id, if it is as large as asked for.
    Holder,
    /// The id of the object that was found last.
    SameHolder,
    /// Its id, if it is smaller than asked for.
    SmallHolder,
    /// Bytes or semaphores of [`Self::SmallHolder`], which comes before.
    SmallAmount,
    /// 0: no other process had removed the object before the undo.
    IfNotGone,

    // Of memory.
    /// KiB that the kernel has promised, if vm.overcommit_memory is 2.
    CommittedIfLimited,
    /// KiB that it promises at most.
    CommitLimit,
    /// KiB of memory and swap, if vm.overcommit_memory is 0 and more is asked for.
    MemoryIfOver,
    /// KiB of memory and swap, if vm.overcommit_memory is not 2.
    MemoryIfUnlimited,
    /// Free huge pages of the default size that are not promised, if pages of that size are asked
    /// for.
    HugeFreeIfDefault,
    /// Huge pages of the default size.
    HugePages,
    /// Huge pages that are asked for.
    HugeAsked,
    /// 0: without huge pages the call is not refused.
    IfHugeRefused,
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
    /// Pages of /dev/shm, if none is free.
    BlocksIfFull,
    /// 0: statfs(2) of /dev/shm works.
    IfSpaceKnown,
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
    /// 0: open(2) fails with EMFILE.
    IfNoDescriptor,

    // Of the process.
    /// 0: a seccomp filter is on this process.
    IfFiltered,
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
    space: Option<Option<Space>>,
    kernel: &'f mut K,
}

impl<'f, 'a, K: Kernel> Facts<'f, 'a, K> {
    /// Those about a refusal of this attempt.
    pub fn new(attempt: &'f Attempt<'a>, kernel: &'f mut K) -> Self {
        let Step { kind, amount, .. } = attempt.step;
        Self {
            attempt,
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
            Figure::AskedKib => Some(asked / 1024),
            Figure::Key => Some(self.attempt.key.into()),
            Figure::BatchBytes => Some(MAX_BYTES),
            Figure::IfNothingAsked => when(asked == 0),
            Figure::IfBadName => when(is_bad(bare(self.attempt.path, kind))),
            Figure::LargestFileIfOver => if_over(LARGEST_FILE),

            Figure::Limit(limit) => self.limit(limit),

            Figure::Holder => self.get(self.attempt.step.amount).ok(),
            Figure::SameHolder => Some(self.holder),
            Figure::SmallHolder => self.small(),
            Figure::SmallAmount => Some(self.small),
            Figure::IfNotGone => when(!self.attempt.is_gone),

            Figure::CommittedIfLimited => {
                (self.policy()? == OVERCOMMIT_NEVER).then_some(())?;
                self.meminfo(b"Committed_AS:")
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
            Figure::HugeFreeIfDefault => {
                let log = self.attempt.flags >> SHM_HUGE_SHIFT;
                (log == 0 || log == self.huge_page()?.trailing_zeros()).then_some(())?;
                let free = self.meminfo(b"HugePages_Free:")?;
                Some(free.saturating_sub(self.meminfo(b"HugePages_Rsvd:")?))
            }
            Figure::HugePages => self.meminfo(b"HugePages_Total:"),
            Figure::HugeAsked => {
                let size = self.huge_page()?;
                asked.checked_add(size - 1)?.checked_div(size)
            }
            Figure::IfHugeRefused => when(self.get(asked) != Err(Errno::EPERM)),
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
            Figure::IfSpaceKnown => when(self.space().is_some()),
            Figure::QueuesMax => self.read(c"/proc/sys/fs/mqueue/queues_max"),
            Figure::MsgMax => self.read(c"/proc/sys/fs/mqueue/msg_max"),
            Figure::MsgsizeMax => self.read(c"/proc/sys/fs/mqueue/msgsize_max"),
            Figure::Maxmsg => Some(self.attributes().maxmsg),
            Figure::Msgsize => Some(self.attributes().msgsize),
            Figure::Msgqueue => self.kernel.prlimit(RLIMIT_MSGQUEUE).ok(),
            Figure::IfNoDescriptor => {
                let root = self.kernel.read(File::System(c"/"), &mut []);
                when(root == Err(Errno::EMFILE))
            }

            Figure::IfFiltered => when(self.kernel.is_filtered()),
        }
    }
}

impl<K: Kernel> Facts<'_, '_, K> {
    /// A figure of the limits of the kind of System V object.
    fn limit(&mut self, name: Limit) -> Option<u64> {
        if matches!(self.limits, Err(Errno::NONE)) {
            self.limits = self.kernel.ipc_info(self.attempt.step.kind);
        }
        let limits = self.limits.as_ref().ok()?;
        let units = self.asked.saturating_add(limits.unit.get() - 1) / limits.unit;
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
    fn small(&mut self) -> Option<Id> {
        let mut bit = 1 << (u64::BITS - 1);
        while bit != 0 {
            let amount = self.small | bit;
            if amount < self.asked && self.get(amount).is_ok() {
                self.small = amount;
            }
            bit >>= 1;
        }
        // Without, another process has removed it meanwhile.
        (self.small != 0).then_some(self.holder)
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
    fn space(&mut self) -> Option<Space> {
        if self.space.is_none() {
            self.space = Some(self.kernel.statfs().ok());
        }
        self.space.flatten()
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

    /// Bytes of a huge page of the default size.
    fn huge_page(&mut self) -> Option<u64> {
        self.meminfo(b"Hugepagesize:")?.checked_mul(1024)
    }

    /// Attributes of the POSIX queue.
    fn attributes(&mut self) -> Attributes {
        let asked = self.attempt.attributes;
        asked.unwrap_or_else(|| attributes(None, None, self.kernel))
    }
}

/// Bytes of the largest file. `linux/fs.h`, MAX_LFS_FILESIZE.
const LARGEST_FILE: u64 = u64::MAX >> 1;

/// A value of vm.overcommit_memory: promises up to what there is. `linux/mman.h`.
const OVERCOMMIT_GUESS: u64 = 0;
/// A value of vm.overcommit_memory: promises up to CommitLimit. `linux/mman.h`.
const OVERCOMMIT_NEVER: u64 = 2;
