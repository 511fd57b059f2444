//! What each refusal means: the one table of hints. `hint.rs` takes the first rule that holds, and
//! `man.rs` makes the section REFUSALS of the man page from all of them.
//!
//! Of one errno, the rules stand in the order in which the kernel checks: ipc/util.c, ipc/shm.c,
//! ipc/msg.c, ipc/sem.c and ipc/mqueue.c of Linux.

use super::figures::{Figure, Limit};
use super::words::Words;
use crate::cli::draft::small;
use crate::kernel::abi::SHM_HUGETLB;
use crate::kernel::errno::Errno;
use crate::kernel::object::Kind;
use crate::plan::attempt::{Attempt, Doing};
use crate::plan::step::Step;

/// A set of bits: what was being done, and to which object. An attempt has one bit of each, a rule
/// any number: `CREATE | LINK | FILE` is a file that is being created or linked.
type Places = u16;

/// Creates an object; of a file, all that comes before linkat(2).
const CREATE: Places = 1;
/// Looks for an object.
const FIND: Places = 1 << 1;
/// Sets the owner; for a System V object, mode and msg_qbytes too.
const SET: Places = 1 << 2;
/// Does one thing more before that, another for each kind: locks a segment in memory, sets the
/// values of a set, reads the limits of queues.
const PREPARE: Places = 1 << 3;
/// Links a file to its name.
const LINK: Places = 1 << 4;
/// All of these.
const CALLS: Places = CREATE | FIND | SET | PREPARE | LINK;
/// Reads a batch.
const BATCH: Places = 1 << 5;
/// Maps memory.
const MEMORY: Places = 1 << 6;
/// Removes an object.
const REMOVE: Places = 1 << 14;
/// Anything else.
const OTHER: Places = 1 << 7;
/// All that is done.
const EVERYTHING: Places = CALLS | BATCH | MEMORY | REMOVE | OTHER;

/// A System V segment, but not one of huge pages that is being created.
const SHM: Places = 1 << 8;
/// A segment of huge pages that is being created.
const HUGE: Places = 1 << 9;
/// A System V queue.
const QUEUE: Places = 1 << 10;
/// A System V set of semaphores.
const SEM: Places = 1 << 11;
/// The System V objects.
const SYSV: Places = SHM | HUGE | QUEUE | SEM;
/// POSIX shared memory, or a POSIX semaphore: a file in /dev/shm.
const FILE: Places = 1 << 12;
/// A POSIX queue.
const MQUEUE: Places = 1 << 13;
/// The POSIX objects.
const POSIX: Places = FILE | MQUEUE;
/// Every object.
const ALL: Places = SYSV | POSIX;

/// Not a place, but a mark on a rule: its words are the first of three texts, one for each kind of
/// object.
const EACH: Places = 1 << 15;

/// The place of an attempt: the bit of what it is doing, and the bit of its object.
pub fn place(attempt: &Attempt<'_>) -> Places {
    let doing = doing(attempt.doing);
    let Step { kind, is_posix, .. } = attempt.step;
    let object = match (is_posix, kind) {
        (false, Kind::Shm) if doing == CREATE && attempt.flags & SHM_HUGETLB != 0 => HUGE,
        (false, Kind::Shm) => SHM,
        (false, Kind::Queue) => QUEUE,
        (false, Kind::Sem) => SEM,
        (true, Kind::Queue) => MQUEUE,
        (true, Kind::Shm | Kind::Sem) => FILE,
    };
    doing | object
}

/// The bit of what is being done. The compiler makes a table of it.
#[inline(never)] // size: 96 bytes on x86_64, 48 on aarch64 (make inline)
const fn doing(doing: Doing) -> Places {
    match doing {
        Doing::Create | Doing::Fill | Doing::Allocate => CREATE,
        Doing::Find => FIND,
        Doing::Set | Doing::Own | Doing::SetMode | Doing::ReadUmask => SET,
        Doing::SetValues | Doing::MarkReady | Doing::Lock | Doing::Limits => PREPARE,
        Doing::Link | Doing::Replaced => LINK,
        Doing::ReadBatch => BATCH,
        Doing::Memory => MEMORY,
        Doing::Remove => REMOVE,
        Doing::RandomKey
        | Doing::FindOwner
        | Doing::Ftok
        | Doing::FtokWithoutId
        | Doing::BlockSignals
        | Doing::ForcedShm
        | Doing::Close
        | Doing::Unlink
        | Doing::Write => OTHER,
    }
}

/// What a refusal means. A rule holds if the attempt's place is among its places, if the errno is
/// its errno, and if all its figures are known.
#[derive(Clone, Copy)]
pub struct Rule {
    places: Places,
    /// 0 for any.
    errno: u8,
    words: Words,
    /// The figures that the words print, in that order, then further ones that only have to be
    /// known. A figure that begins with `If` or contains it is known only if its condition holds.
    pub figures: [Figure; 3],
}

impl Rule {
    /// Whether the rule is for this place and errno.
    pub fn is_for(&self, here: Places, errno: Errno) -> bool {
        self.places & here == here && (self.errno == 0 || errno.number() == self.errno.into())
    }

    /// Its words for a kind.
    pub const fn words(&self, kind: Kind) -> Words {
        if self.places & EACH == 0 {
            self.words
        } else {
            self.words.of(kind)
        }
    }

    /// All words that the rule can give, for the man page.
    pub fn all_words(&self) -> impl Iterator<Item = Words> {
        let has = |kind: &Kind| {
            let places = match kind {
                Kind::Shm => SHM | HUGE,
                Kind::Queue => QUEUE,
                Kind::Sem => SEM,
            };
            self.places & EACH != 0 && self.places & places != 0
        };
        let each = Kind::ALL.into_iter().filter(has);
        let one = (self.places & EACH == 0).then_some(self.words);
        one.into_iter().chain(each.map(|kind| self.words.of(kind)))
    }
}

/// What the man page says of a rule.
pub struct Note {
    /// The rule's errno; [`Errno::NONE`] for any.
    pub errno: Errno,
    /// A clause that follows the words; empty if they say it all.
    pub text: &'static str,
}

/// Pads the figures of a rule with [`Figure::None`]. More than three do not compile.
const fn figures(names: &[Figure]) -> [Figure; 3] {
    match *names {
        [] => [Figure::None; 3],
        [a] => [a, Figure::None, Figure::None],
        [a, b] => [a, b, Figure::None],
        [a, b, c] => [a, b, c],
        _ => panic!("a rule has at most three figures"),
    }
}

macro_rules! rules {
    ($($errno:ident: $words:ident [$($figure:ident$(($limit:ident))?),*] $places:expr $(, $note:literal)?;)*) => {
        /// The rules.
        pub static RULES: [Rule; NOTES.len()] = [$(Rule {
            places: $places,
            errno: small_errno(Errno::$errno),
            words: Words::$words,
            figures: figures(&[$(Figure::$figure$((Limit::$limit))?),*]),
        }),*];

        /// What the man page says of each rule, in their order.
        pub const NOTES: &[Note] = &[$(Note { errno: Errno::$errno, text: concat!($($note)?) }),*];
    };
}

/// An error number as a byte.
const fn small_errno(errno: Errno) -> u8 {
    small(errno.number())
}

// A row: errno, words, figures, places; then a note for the man page.
rules! {
    // Any errno: EINVAL where the line is checked, and what each call refuses such a name with.
    NONE: BAD_NAME [IfBadName] CALLS | REMOVE | POSIX;

    ENOSPC: OVER_UNITS [Limit(UnitsUsedIfOver), Limit(Units), Limit(UnitsAsked)] CREATE | SHM | HUGE | SEM | EACH;
    ENOSPC: OVER_OBJECTS [Limit(ObjectsUsedIfFull), Limit(Objects)] CREATE | SYSV | EACH;
    // ipc/shm.c rounds the size up to pages; a size near 2^64 wraps, which is ENOSPC.
    ENOSPC: LARGEST_FILE [Asked, LargestFileIfOver] CREATE | SHM | HUGE;
    ENOSPC: NO_LONGER_FULL [Limit(Objects)] CREATE | SYSV,
        "another process removed an object before ipcmk looked";
    ENOSPC: QUEUES_MAX [QueuesMax] CREATE | MQUEUE,
        "the figure is from /proc";
    ENOSPC: QUEUES_UNKNOWN [] CREATE | MQUEUE,
        "without /proc";
    ENOSPC: NO_INODES [InodesIfFull] CREATE | LINK | FILE,
        "-m and -s";
    ENOSPC: NO_BLOCKS [BlocksIfFull] CREATE | LINK | FILE,
        "-m and -s";
    ENOSPC: NO_ROOM [AskedKib, FreeKibIfOver, SpaceKib] CREATE | FILE,
        "--allocate";
    ENOSPC: HUGE_PAGES_OF_SIZE [HugetlbfsKib] CREATE | FILE,
        "--allocate, where /dev/shm is a hugetlbfs";
    // tmpfs says so instead of ENOMEM.
    ENOSPC: COMMIT_LIMIT [CommittedIfOver, CommitLimit, AskedKib] CREATE | FILE,
        "--allocate, under vm.overcommit_memory=2";

    EINVAL: OVER_ADDRESSES [Asked, AddressesIfOver] CREATE | FIND | SHM | HUGE,
        "where a word has 32 bits";
    EINVAL: OVER_EACH [Asked, Limit(EachIfOver)] CREATE | SHM | HUGE | SEM | EACH;
    EINVAL: OVER_EACH [Asked, Limit(EachIfOver)] FIND | SEM | EACH;
    EINVAL: SHMMIN [IfNothingAsked] CREATE | SHM | HUGE;
    EINVAL: LARGEST_FILE [Asked, LargestFileIfOver] CREATE | SHM | HUGE | FILE;
    EINVAL: OURS [IfOurs] FIND | SHM | SEM | FILE,
        "--batch";
    EINVAL: SMALL [SmallHolder, SmallAmount] FIND | SHM | SEM | EACH,
        "the object with that key is smaller than requested";
    EINVAL: NO_PAGE_SIZE [Limit(Objects)] CREATE | HUGE,
        "--hugetlb";
    EINVAL: UNMAPPED [IfNotGone] SET | ALL,
        "--owner, and other properties, which set the owner too";
    EINVAL: POSIX_SMALL [FoundIfFile] FIND | FILE,
        "the object that -e found is smaller than requested";
    EINVAL: NO_FILE [Found] FIND | FILE,
        "what -e found";
    EINVAL: HUGETLBFS [HugetlbfsPage] CREATE | FILE,
        "-m and -s";
    EINVAL: ATTRIBUTES [MsgMax, MsgsizeMax] CREATE | MQUEUE,
        "figures from /proc";
    EINVAL: ATTRIBUTES_UNKNOWN [] CREATE | MQUEUE,
        "without /proc";

    EEXIST: IN_USE [Holder, Key] CREATE | SYSV | EACH;
    // Holder is unknown, so that IN_USE does not hold: -e would be refused too, with EINVAL.
    EEXIST: OVER_EACH [Asked, Limit(EachIfOver)] CREATE | SEM | EACH;
    EEXIST: SMALL [SmallHolder, SmallAmount] CREATE | SHM | HUGE | SEM | EACH,
        "the object with that key is smaller than requested";
    EEXIST: POSIX_IN_USE [] CREATE | LINK | POSIX;

    // A filter comes before anything that the kernel itself checks.
    EPERM: FILTER [IfFiltered] EVERYTHING | ALL;
    EPERM: NOT_OURS [] REMOVE | SYSV | MQUEUE,
        "--remove";
    // A tmpfs has the attributes of chattr(1) since Linux 6.6.
    EPERM: NOT_OUR_FILE [] REMOVE | FILE,
        "--remove";
    EPERM: OVER_EACH [Asked, Limit(EachIfOver)] SET | QUEUE | EACH,
        "--qbytes, or -p of a keyed queue";
    EPERM: NO_HUGE_PAGES [] CREATE | HUGE,
        "--hugetlb";
    EPERM: NO_LOCK [IfNoMemlock] PREPARE | SHM;
    EPERM: NO_CHOWN [IfOwned] SET | POSIX,
        "--owner of a POSIX object";
    EPERM: HARD_LINKS [IfOwned, IfHardlinksProtected] LINK | FILE,
        "--owner of -m and -s, with CAP_CHOWN alone";
    // The kernel's own checks refuse these calls with no EPERM and no EACCES.
    EPERM: SECURITY_MODULE_OR_FILTER [IfFilter] CREATE | FIND | SHM | QUEUE | SEM;
    EPERM: SECURITY_MODULE_OR_FILTER [IfFilter] SET | SHM | SEM;
    EPERM: SECURITY_MODULE_OR_FILTER [IfFilter] PREPARE | QUEUE | SEM;
    EPERM: SECURITY_MODULE [] CREATE | FIND | SHM | QUEUE | SEM;
    EPERM: SECURITY_MODULE [] SET | SHM | SEM;
    EPERM: SECURITY_MODULE [] PREPARE | QUEUE | SEM;

    EACCES: FILTER [IfFiltered] EVERYTHING | ALL;
    EACCES: NO_ENTRY [] CREATE | FIND | LINK | REMOVE | FILE,
        "-m and -s";
    EACCES: SECURITY_MODULE_OR_FILTER [IfFilter] CALLS | REMOVE | SYSV;
    EACCES: SECURITY_MODULE [] CALLS | REMOVE | SYSV;

    ENOMEM: COMMIT_LIMIT [CommittedIfOver, CommitLimit, AskedKib] CREATE | SHM,
        "figures from /proc, under vm.overcommit_memory=2";
    ENOMEM: COMMIT_GUESS [AskedKib, MemoryIfOver] CREATE | SHM,
        "figures from /proc, under vm.overcommit_memory=0";
    ENOMEM: KERNEL_MEMORY [MemoryIfUnlimited] CREATE | SHM;
    ENOMEM: COMMIT_UNKNOWN [] CREATE | SHM,
        "without /proc";
    ENOMEM: HUGE_PAGES [HugeFreeIfShort, HugePages, HugeAsked] CREATE | HUGE,
        "figures from /proc, for the default size";
    ENOMEM: HUGE_PAGES_OF_SIZE [HugeKib] CREATE | HUGE,
        "for another size, or without /proc";
    ENOMEM: HUGE_PAGES_UNKNOWN [] CREATE | HUGE,
        "without /proc";
    ENOMEM: MEMLOCK [Asked, Memlock] PREPARE | SHM,
        "--lock";
    ENOMEM: ADDRESS_SPACE [] BATCH | MEMORY | ALL,
        "--batch, -J, --value, names in --owner and POSIX objects map memory";
    ENOMEM: ADDRESS_SPACE [IfOwner] OTHER | ALL;
    ENOMEM: KERNEL_MEMORY [] CREATE | QUEUE | SEM | POSIX;
    ENOMEM: KERNEL_MEMORY [] PREPARE | QUEUE | SEM;
    ENOMEM: KERNEL_MEMORY [] FIND | SET | LINK | ALL;

    // Huge pages are ENOSYS where the kernel has none.
    ENOSYS: FILTER [IfFiltered] EVERYTHING | SHM | QUEUE | SEM | POSIX;
    ENOSYS: NO_SYSVIPC_OR_FILTER [IfFilter] CREATE | FIND | REMOVE | SHM | QUEUE | SEM;
    ENOSYS: NO_SYSVIPC [] CREATE | FIND | REMOVE | SHM | QUEUE | SEM;
    ENOSYS: NO_MQUEUE_OR_FILTER [IfFilter] CREATE | REMOVE | MQUEUE;
    ENOSYS: NO_MQUEUE [] CREATE | REMOVE | MQUEUE;

    EOPNOTSUPP: NO_FALLOCATE [IfAllocating] CREATE | FILE,
        "--allocate";
    EOVERFLOW: UNMAPPED_USER [IfUserUnmapped] CREATE | POSIX;

    ENOENT: OWNER_FORM [IfOwner] OTHER | ALL,
        "--owner with a name";
    ENOENT: NO_DEV_SHM [IfNoDevShm] CREATE | FILE;
    ENOENT: NO_FILES [] CREATE | FILE;
    ENOENT: LETTER_ID [LetterId, LetterId] OTHER | ALL,
        "--ftok";
    ENOTDIR: NO_DIRECTORY [] CREATE | FIND | LINK | REMOVE | FILE;
    ESTALE: REPLACED [] LINK | FILE,
        "-m and -s, where there is no O_TMPFILE";
    EROFS: READ_ONLY [] CREATE | LINK | REMOVE | FILE;

    E2BIG: OPERATIONS [] PREPARE | SEM,
        "--value";
    EFBIG: FILE_SIZE [Asked, FsizeIfOver] CALLS | FILE,
        "-m and -s";
    EFBIG: LARGEST_FILE [Asked, LargestFileIfOver] CREATE | FILE,
        "-m, on a kernel of 32 bits";

    // No figures: reading them would open a file of /proc.
    ENFILE: FILE_MAX [] CALLS | BATCH | ALL,
        "no figures, since reading them takes a file";
    ENFILE: FILE_MAX [IfOwner] OTHER | ALL;
    // EMFILE of mq_open(2) is RLIMIT_NOFILE or RLIMIT_MSGQUEUE.
    EMFILE: NOFILE [IfNoDescriptor] CREATE | MQUEUE,
        "a POSIX object takes a descriptor, as do -M, for a file of /proc, and waiting for a full pipe";
    EMFILE: MSGQUEUE [Maxmsg, Msgsize, Msgqueue] CREATE | MQUEUE,
        "-q";
    EMFILE: NOFILE [] CREATE | SYSV | FILE;
    EMFILE: NOFILE [] FIND | SET | LINK | BATCH | ALL;
    EMFILE: NOFILE [IfOwner] OTHER | ALL;
}
