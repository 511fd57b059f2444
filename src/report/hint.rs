//! Why the kernel refused: measured after the refusal, in numbers where it has
//! some, and never on a run that succeeds.
//!
//! What each refusal can mean, in the order in which the kernel checks, is in
//! ipc/util.c, ipc/shm.c, ipc/msg.c and ipc/sem.c of Linux.

use core::ffi::CStr;

use super::measure::{attributes, measure};
use super::words::{Figures, Words};
use crate::cli::batch::MAX_BYTES;
use crate::kernel::abi::{
    RLIMIT_FSIZE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, S_IFMT, S_IFREG, SHM_HUGE_SHIFT, SHM_HUGETLB,
};
use crate::kernel::errno::Errno;
use crate::kernel::object::Kind;
use crate::kernel::port::{Attributes, File, Kernel, Space};
use crate::kernel::posix::{bare, is_bad};
use crate::plan::attempt::{Attempt, Doing};
use crate::plan::step::Step;

/// Looks for the cause of a refusal: the words for it, and their `figures`.
/// None where the error says it all, or nothing is found.
#[inline(never)] // its variables would be in the frame of every run
pub fn explain<K: Kernel>(
    attempt: &Attempt<'_>,
    errno: Errno,
    figures: &mut Figures,
    kernel: &mut K,
) -> Option<Words> {
    let mut search = Search {
        kernel,
        step: attempt.step,
        key: attempt.key,
        flags: attempt.flags,
        figures,
    };
    if attempt.doing == Doing::Set && attempt.step.kind == Kind::Queue {
        search.step.amount = attempt.qbytes;
    }
    match attempt.doing {
        Doing::Own | Doing::Link => search.posix(attempt, errno),
        Doing::Create | Doing::Find if attempt.step.is_posix => search.posix(attempt, errno),
        Doing::Create => search.creation(errno),
        Doing::Find if errno == Errno::EINVAL => search.small(),
        Doing::Set => match errno {
            Errno::EINVAL if attempt.is_gone => None,
            Errno::EINVAL => Some(Words::UNMAPPED),
            Errno::EPERM if search.step.kind == Kind::Queue && search.is_large() => {
                Some(Words::OVER_EACH.of(Kind::Queue))
            }
            _ => search.any(errno),
        },
        Doing::Lock => search.lock(errno),
        Doing::Find | Doing::SetValues => search.any(errno),
        Doing::ReadBatch if matches!(errno, Errno::ENFILE | Errno::EMFILE) => search.any(errno),
        Doing::ReadBatch if errno == Errno::EFBIG => {
            search.say([MAX_BYTES, 0, 0], Words::MOST_BYTES)
        }
        Doing::Memory if errno == Errno::ENOMEM => Some(Words::ADDRESS_SPACE),
        Doing::Ftok
        | Doing::ReadBatch
        | Doing::Memory
        | Doing::BlockSignals
        | Doing::RandomKey
        | Doing::ForcedShm
        | Doing::Close
        | Doing::Write => None,
    }
}

/// A search for a cause.
struct Search<'s, K> {
    kernel: &'s mut K,
    step: Step,
    key: u32,
    flags: u32,
    figures: &'s mut Figures,
}

impl<K: Kernel> Search<'_, K> {
    fn say(&mut self, figures: Figures, words: Words) -> Option<Words> {
        *self.figures = figures;
        Some(words)
    }

    /// What any of the calls can be refused for.
    #[inline(never)] // `make size`: a copy at its caller is larger
    fn any(&mut self, errno: Errno) -> Option<Words> {
        let may_be_filter = matches!(errno, Errno::EPERM | Errno::EACCES | Errno::ENOSYS);
        let is_filtered = may_be_filter && self.kernel.is_filtered();
        Some(match errno {
            Errno::EPERM | Errno::EACCES if is_filtered => Words::FILTER,
            Errno::EPERM | Errno::EACCES => Words::SECURITY_MODULE,
            Errno::ENOSYS => match (self.step, is_filtered) {
                (
                    Step {
                        is_posix: false, ..
                    },
                    true,
                ) => Words::NO_SYSVIPC_OR_FILTER,
                (
                    Step {
                        is_posix: false, ..
                    },
                    false,
                ) => Words::NO_SYSVIPC,
                (
                    Step {
                        kind: Kind::Queue, ..
                    },
                    true,
                ) => Words::NO_MQUEUE_OR_FILTER,
                (
                    Step {
                        kind: Kind::Queue, ..
                    },
                    false,
                ) => Words::NO_MQUEUE,
                (Step { .. }, true) => Words::FILTER,
                (Step { .. }, false) => return None,
            },
            Errno::ENOMEM => Words::KERNEL_MEMORY,
            // Without figures: to read them takes a file.
            Errno::ENFILE => Words::FILE_MAX,
            Errno::EMFILE => Words::NOFILE,
            _ => return None,
        })
    }

    fn creation(&mut self, errno: Errno) -> Option<Words> {
        let Step { kind, amount, .. } = self.step;
        let is_huge = self.flags & SHM_HUGETLB != 0;
        match errno {
            Errno::EEXIST => self.in_use(),
            Errno::EINVAL if self.is_large() => Some(Words::OVER_EACH.of(kind)),
            Errno::EINVAL => self
                .no_size()
                .or_else(|| is_huge.then_some(Words::NO_PAGE_SIZE)),
            Errno::ENOSPC => self.full(),
            // A look at the key would be refused too, if it were the call.
            Errno::EPERM
                if is_huge
                    && self
                        .kernel
                        .ipc_get(self.step.kind, self.step.amount, self.key, 0)
                        != Err(errno) =>
            {
                Some(Words::NO_HUGE_PAGES)
            }
            Errno::ENOMEM if is_huge => {
                let known = self.huge_pages();
                known.or(Some(Words::HUGE_PAGES_UNKNOWN))
            }
            Errno::ENOMEM if kind == Kind::Shm => self.no_memory(amount / 1024),
            _ => self.any(errno),
        }
    }

    /// The key belongs to an object, and nobody said that this will do.
    fn in_use(&mut self) -> Option<Words> {
        match self
            .kernel
            .ipc_get(self.step.kind, self.step.amount, self.key, 0)
        {
            Ok(id) => self.say([id, self.key.into(), id], Words::IN_USE.of(self.step.kind)),
            // Nor would -e do.
            Err(_) => self.small(),
        }
    }

    /// The existing object is smaller than what is asked for, which no set may
    /// be: SEMMSL is checked before the set is looked for.
    ///
    /// How large it is can be found out without permission to read it: the
    /// kernel finds an object for whoever asks for no more than it has.
    fn small(&mut self) -> Option<Words> {
        let Step {
            kind,
            amount: asked,
            ..
        } = self.step;
        if kind == Kind::Sem && self.is_large() {
            return Some(Words::OVER_EACH.of(kind));
        }
        let mut found = 0;
        let mut amount = 0;
        let mut bit = 1 << (u64::BITS - 1);
        while bit != 0 {
            self.step.amount = amount | bit;
            if self.step.amount < asked
                && let Ok(id) = self
                    .kernel
                    .ipc_get(self.step.kind, self.step.amount, self.key, 0)
            {
                found = id;
                amount |= bit;
            }
            bit >>= 1;
        }
        // Else somebody has removed it meanwhile.
        (amount != 0).then_some(())?;
        self.say([found, amount, 0], Words::SMALL.of(kind))
    }

    /// Whether no object may be so large. (A queue may, for the privileged.)
    #[inline(never)] // `make size`: a copy at its caller is larger
    fn is_large(&mut self) -> bool {
        let Step { kind, amount, .. } = self.step;
        let most = self
            .kernel
            .ipc_info(kind)
            .map_or(u64::MAX, |limits| limits.each);
        *self.figures = [amount, most, 0];
        amount > most
    }

    /// A segment is a file, which is not empty here.
    fn no_size(&mut self) -> Option<Words> {
        let Step { kind, amount, .. } = self.step;
        *self.figures = [amount, LARGEST_FILE, 0];
        match amount {
            0 => (kind == Kind::Shm).then_some(Words::SHMMIN),
            1..=LARGEST_FILE => None,
            _ => Some(Words::LARGEST_FILE),
        }
    }

    /// There are as many objects, pages or semaphores as there may be. The
    /// kernel counts pages and semaphores first.
    fn full(&mut self) -> Option<Words> {
        let Step { kind, amount, .. } = self.step;
        let limits = self.kernel.ipc_info(kind).ok()?;
        let more = amount.saturating_add(limits.unit.get() - 1) / limits.unit;
        if limits.units_used.saturating_add(more) > limits.units {
            let figures = [limits.units_used, limits.units, more];
            return self.say(figures, Words::OVER_UNITS.of(kind));
        }
        if limits.objects_used >= limits.objects {
            let figures = [limits.objects_used, limits.objects, 0];
            return self.say(figures, Words::OVER_OBJECTS.of(kind));
        }
        // The kernel's own count of so many pages wraps.
        self.no_size().or(Some(Words::NO_LONGER_FULL))
    }

    /// The kernel commits itself to no more memory, or has none for its tables.
    fn no_memory(&mut self, asked: u64) -> Option<Words> {
        let Some(policy) = self.measure(c"/proc/sys/vm/overcommit_memory", b"") else {
            return Some(Words::COMMIT_UNKNOWN);
        };
        if policy == OVERCOMMIT_NEVER {
            let committed = self.measure(MEMINFO, b"Committed_AS:")?;
            let most = self.measure(MEMINFO, b"CommitLimit:")?;
            return self.say([committed, most, asked], Words::COMMIT_LIMIT);
        }
        let memory = self.measure(MEMINFO, b"MemTotal:")?;
        let all = memory.saturating_add(self.measure(MEMINFO, b"SwapTotal:")?);
        if policy == OVERCOMMIT_GUESS && asked > all {
            self.say([asked, all, 0], Words::COMMIT_GUESS)
        } else {
            Some(Words::KERNEL_MEMORY)
        }
    }

    /// There are not enough free huge pages. The kernel tells in /proc/meminfo
    /// of those of its default size.
    fn huge_pages(&mut self) -> Option<Words> {
        let size = self.measure(MEMINFO, b"Hugepagesize:")?.checked_mul(1024)?;
        let log = self.flags >> SHM_HUGE_SHIFT;
        if log != 0 && log != size.trailing_zeros() {
            return None;
        }
        let free = self.measure(MEMINFO, b"HugePages_Free:")?;
        let promised = self.measure(MEMINFO, b"HugePages_Rsvd:")?;
        let all = self.measure(MEMINFO, b"HugePages_Total:")?;
        let more = self.step.amount.checked_add(size - 1)?.checked_div(size)?;
        self.say(
            [free.saturating_sub(promised), all, more],
            Words::HUGE_PAGES,
        )
    }

    /// RLIMIT_MEMLOCK is too low for this segment.
    fn lock(&mut self, errno: Errno) -> Option<Words> {
        match (errno, self.kernel.prlimit(RLIMIT_MEMLOCK)) {
            (Errno::EPERM, Ok(0)) => Some(Words::NO_LOCK),
            (Errno::ENOMEM, most) => self.say([self.step.amount, most.ok()?, 0], Words::MEMLOCK),
            _ => self.any(errno),
        }
    }

    fn measure(&mut self, path: &CStr, name: &[u8]) -> Option<u64> {
        measure(self.kernel, path, name)
    }

    /// A POSIX object cannot be found, made, or given its owner or name.
    fn posix(&mut self, attempt: &Attempt<'_>, errno: Errno) -> Option<Words> {
        let Step { kind, amount, .. } = self.step;
        let is_queue = kind == Kind::Queue;
        if is_bad(bare(attempt.path, kind)) {
            return Some(Words::BAD_NAME);
        }
        let here = match attempt.doing {
            Doing::Own => OWN,
            Doing::Link => LINK,
            Doing::Find => FIND,
            Doing::Create if is_queue => QUEUE,
            Doing::Create => FILE,
            Doing::Ftok
            | Doing::ReadBatch
            | Doing::Memory
            | Doing::BlockSignals
            | Doing::RandomKey
            | Doing::ForcedShm
            | Doing::SetValues
            | Doing::Lock
            | Doing::Set
            | Doing::Close
            | Doing::Write => 0,
        };
        for (places, number, words) in &CAUSES {
            if places & here != 0 && errno.number() == u64::from(*number) {
                return Some(*words);
            }
        }
        let (figures, words) = match errno {
            Errno::EINVAL if is_queue => {
                let maxmsg = self.measure(c"/proc/sys/fs/mqueue/msg_max", b"");
                match (
                    maxmsg,
                    self.measure(c"/proc/sys/fs/mqueue/msgsize_max", b""),
                ) {
                    (Some(maxmsg), Some(msgsize)) => ([maxmsg, msgsize, 0], Words::ATTRIBUTES),
                    _ => return Some(Words::ATTRIBUTES_UNKNOWN),
                }
            }
            Errno::EINVAL if here == FILE && amount > LARGEST_FILE => {
                ([amount, LARGEST_FILE, 0], Words::LARGEST_FILE)
            }
            Errno::EINVAL if here == FIND => {
                let found = attempt.found?;
                if found.mode & S_IFMT != S_IFREG {
                    return Some(Words::NO_FILE);
                }
                ([found.amount, 0, 0], Words::POSIX_SMALL)
            }
            Errno::EFBIG => {
                let most = self.kernel.prlimit(RLIMIT_FSIZE).ok()?;
                if amount <= most {
                    return None;
                }
                ([amount, most, 0], Words::FILE_SIZE)
            }
            Errno::ENOSPC if is_queue => {
                match self.measure(c"/proc/sys/fs/mqueue/queues_max", b"") {
                    Some(most) => ([most, 0, 0], Words::QUEUES_MAX),
                    None => return Some(Words::QUEUES_UNKNOWN),
                }
            }
            Errno::ENOSPC => match self.kernel.statfs().ok()? {
                Space {
                    inodes: inodes @ 1..,
                    free_inodes: 0,
                    ..
                } => ([inodes, 0, 0], Words::NO_INODES),
                Space {
                    blocks: blocks @ 1..,
                    free_blocks: 0,
                    ..
                } => ([blocks, 0, 0], Words::NO_BLOCKS),
                _ => return Some(Words::NO_LONGER_FULL),
            },
            Errno::EMFILE
                if is_queue && self.kernel.read(File::System(c"/"), &mut []) != Err(errno) =>
            {
                let asked = attempt.attributes;
                let Attributes { maxmsg, msgsize } =
                    asked.unwrap_or_else(|| attributes(None, None, self.kernel));
                let most = self.kernel.prlimit(RLIMIT_MSGQUEUE).ok()?;
                ([maxmsg, msgsize, most], Words::MSGQUEUE)
            }
            _ => return self.any(errno),
        };
        self.say(figures, words)
    }
}

/// Where a POSIX object can be refused.
type Place = u8;
const FIND: Place = 1;
const FILE: Place = 2;
const LINK: Place = 4;
const QUEUE: Place = 8;
const OWN: Place = 16;

/// What refusals of a POSIX object mean, where nothing must be measured for that.
static CAUSES: [(Place, u8, Words); 11] = [
    // EEXIST.
    (FILE | LINK | QUEUE, 17, Words::POSIX_IN_USE),
    // EPERM.
    (LINK, 1, Words::HARD_LINKS),
    (OWN, 1, Words::NO_CHOWN),
    // ENOENT.
    (FILE, 2, Words::NO_DEV_SHM),
    (LINK, 2, Words::NO_PROC),
    // EACCES.
    (FIND | FILE | LINK, 13, Words::NO_ENTRY),
    // EISDIR, EOPNOTSUPP: without and with O_TMPFILE in the kernel itself.
    (FILE, 21, Words::NOT_TMPFS),
    (FILE, 95, Words::NOT_TMPFS),
    // EINVAL.
    (OWN, 22, Words::UNMAPPED),
    // EROFS.
    (FILE | LINK, 30, Words::READ_ONLY),
    // ENOTDIR.
    (FIND | FILE | LINK, 20, Words::NO_DEV_SHM),
];

/// Bytes of the largest file. `linux/fs.h`, MAX_LFS_FILESIZE.
const LARGEST_FILE: u64 = u64::MAX >> 1;

/// Where the kernel tells of its memory, in some 1,500 bytes.
const MEMINFO: &CStr = c"/proc/meminfo";

/// A value of vm.overcommit_memory: up to what there is. `linux/mman.h`.
const OVERCOMMIT_GUESS: u64 = 0;
/// A value of vm.overcommit_memory: up to CommitLimit. `linux/mman.h`.
const OVERCOMMIT_NEVER: u64 = 2;
