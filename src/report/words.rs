//! Every text but the words before an id or a name, in one table, which the compiler packs. Error
//! lines are util-linux's where it has them, to the letter: scripts search for them.

use super::help;
use super::pack::{self, ENTRY, Packed, Plain, Symbol};
use crate::cli::draft::small;
use crate::kernel::errno::Errno;
use crate::kernel::object::Kind;

/// The figures of a text, in the order in which it has places for them.
pub type Figures = [u64; 3];

/// A text, as its index in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words(u8);

macro_rules! words {
    ($($name:ident: $($text:expr),+;)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "the names of constants")]
        #[derive(Clone, Copy)]
        enum Row { $($name,)* ERRNO }

        impl Words {
            $(
                #[doc = concat!($("`", stringify!($text), "` "),+)]
                pub const $name: Self = Self::first(Row::$name);
            )*
            /// The first of [`Errno::TEXTS`], which follow in their order.
            const ERRNO: Self = Self::first(Row::ERRNO);
        }

        /// The texts, in their order.
        const ROWS: &[&[&str]] = &[$(&[$($text),+]),*];
    };
}

// Three texts in a row are one for each kind of object: see `Words::of`. In a text, `@` stands for
// a word of the user's, `%` for the next figure in decimal, `#` in hexadecimal, `$` in hexadecimal
// with eight digits, `&` in octal with four digits, `^` as the byte that it is. A text is found by
// counting from the start:
// JSON comes first, since a batch prints thousands of its texts.
words! {
    // JSON.
    JSON_BEGIN: r#"{"ipcmk": ["#;
    JSON_OBJECT: "\n{\"kind\": \"shmem\", \"id\": %, \"key\": \"0x$\"",
        "\n{\"kind\": \"queue\", \"id\": %, \"key\": \"0x$\"",
        "\n{\"kind\": \"semaphore\", \"id\": %, \"key\": \"0x$\"";
    JSON_PATH: r#", "path": "#;
    JSON_POSIX: "\n{\"kind\": \"posix-shmem\", \"name\": ",
        "\n{\"kind\": \"posix-mqueue\", \"name\": ",
        "\n{\"kind\": \"posix-semaphore\", \"name\": ";
    JSON_STATE: r#", "mode": "&", "size": %"#,
        r#", "mode": "&""#,
        r#", "mode": "&", "nsems": %"#;
    JSON_UNKNOWN: r#", "mode": null, "size": null"#,
        r#", "mode": null"#,
        r#", "mode": null, "nsems": null"#;
    JSON_QBYTES: r#", "qbytes": %"#;
    JSON_NO_QBYTES: r#", "qbytes": null"#;
    JSON_ATTRIBUTES: r#", "maxmsg": %, "msgsize": %"#;
    JSON_NO_ATTRIBUTES: r#", "maxmsg": null, "msgsize": null"#;
    JSON_CREATED: r#", "created": true}"#;
    JSON_FOUND: r#", "created": false}"#;
    JSON_REMOVED: r#", "removed": true}"#;
    JSON_END: "\n]}\n";

    // Whole answers.
    HELP: help::HELP;
    VERSION: help::VERSION;

    // What is wrong with a command line.
    UNKNOWN_LETTER: "invalid option -- '@'";
    UNKNOWN_NAME: "unrecognized option '--@'";
    AMBIGUOUS: "option '--@' is ambiguous; possibilities:";
    POSSIBILITY: " '--@'";
    LETTER_NEEDS_ARGUMENT: "option requires an argument -- '@'";
    NAME_NEEDS_ARGUMENT: "option '--@' requires an argument";
    NAME_TAKES_NONE: "option '--@' doesn't allow an argument";
    KEYED_NOT_FIRST: "option '--keyed' must be the first argument";
    EXTRA_OPERAND: "extra operand '@'";
    MODE_TWICE: "mode given twice: -p and '@'";
    BAD_USAGE: "bad usage";
    NOTHING: "no object: -M, -Q, -S, -m, -q or -s is missing";
    NOTHING_KEYED: "no object: -M, -Q or -S is missing";
    NEEDS_NAME: "-m, -q and -s need -n <name>";
    ONLY_NAME: "-n names what -m, -q or -s creates";
    BYTE_ORDER_MARK: "the batch begins with a byte order mark";
    SEMAPHORE_OPERAND: "-s takes no number: -S does";
    HUGE_PAGE_OPERAND: "the size of huge pages is given as --hugetlb=@";
    NO_USER: "no user '@' in /etc/passwd";
    NO_GROUP: "no group '@' in /etc/group";
    NO_USER_ID: "no id of user '@' in /etc/passwd";
    NO_GROUP_ID: "no id of group '@' in /etc/group";
    LARGER: "asks for a larger object than line % creates";
    AGAIN: "names the object of line % again, which takes -e";
    NO_NAME: "name is required for POSIX IPC";
    SEVERAL_KEYED: "only one of -M, -Q and -S can have a key";
    NO_SIZE: "-p <size> is required with -M and -Q";
    NSEMS_WITHOUT_SET: "-s <nsems> applies to -S only";
    KEY_TWICE: "key given twice: -k and --ftok";
    NO_KEY: "--remove needs a key that is not private";
    ONE_FILE: "with musl, -m and -s would be one file";
    NOT_APPLICABLE: "option '--@' does not apply to anything on this line";
    ONE_VALUE: "-s takes one value: '@'";
    VALUE_COUNT: "--value takes one value or one for each semaphore: '@'";
    BATCH_NOT_ALONE: "--batch takes no options but -r, -J, --dry-run and --remove";
    NOT_IN_BATCH: "a line of a batch cannot have -J, -h, -V, --batch, --dry-run or --remove";
    BAD_MODE: "failed to parse mode: '@'";
    BAD_KEY: "failed to parse key: '@'";
    BAD_ELEMENTS: "failed to parse elements: '@'";
    BAD_COUNT: "failed to parse count: '@'";
    BAD_LIBC: "failed to parse libc: '@'";
    BAD_SIZE: "failed to parse size: '@'";
    BAD_FTOK: "failed to parse ftok id: '@'";
    BAD_OWNER: "failed to parse owner: '@'";
    BAD_VALUES: "failed to parse value: '@'";
    IF_KEY: "if @ is a key:";
    TRY_HELP: "Try 'ipcmk --help' for more information.\n";

    // What failed.
    CREATE_FAILED: "create share memory failed",
        "create message queue failed",
        "create semaphore failed";
    CREATE_POSIX_FAILED: "create POSIX shared memory failed",
        "create POSIX message queue failed",
        "create POSIX semaphore failed";
    REMOVE_FAILED: "remove shared memory with key 0x# failed",
        "remove message queue with key 0x# failed",
        "remove semaphore with key 0x# failed";
    REMOVE_POSIX_FAILED: "remove POSIX shared memory '@' failed",
        "remove POSIX message queue '@' failed",
        "remove POSIX semaphore '@' failed";
    SET_VALUES_FAILED: "set semaphore values failed";
    LOCK_FAILED: "lock share memory failed";
    FTOK_FAILED: "get key of '@' failed";
    READ_FAILED: "read '@' failed";
    FORCED_SHM: "create share memory failed: kernel.shm_rmid_forced=1 would remove it at exit";
    BLOCK_FAILED: "block signals failed";
    RANDOM_FAILED: "get random key failed";
    MEMORY_FAILED: "map memory failed";
    WRITE_FAILED: "write error";
    UNKNOWN_ERRNO: "errno %";
    LEFT: "shared memory id % is left behind",
        "message queue id % is left behind",
        "semaphore id % is left behind";
    LEFT_POSIX: "POSIX shared memory '@' is left behind",
        "POSIX message queue '@' is left behind",
        "POSIX semaphore '@' is left behind";
    LEFT_OTHER: "/dev/shm/.ipcmk-$$ is left behind";

    // Why it failed.
    IN_USE: "segment % has key 0x#: -e returns it, --remove removes it",
        "queue % has key 0x#: -e returns it, --remove removes it",
        "set % has key 0x#: -e returns it, --remove removes it";
    OURS: "an earlier line creates this object, with another size";
    SMALL: "segment % has % bytes",
        "",
        "set % has % semaphores";
    POSIX_IN_USE: "'@' exists: -e may return it, --remove removes it";
    POSIX_SMALL: "'@' has % bytes";
    NO_FILE: "'@' is not a regular file";
    LETTER_ID: "an id is a number: '^' is %";
    BAD_NAME: "a name has no NUL, no slash but the first, and is not empty, '.' or '..'";
    NO_DEV_SHM: "there is no /dev/shm: mkdir -p /dev/shm; mount -t tmpfs tmpfs /dev/shm";
    NO_DIRECTORY: "/dev/shm is no directory";
    HUGETLBFS: "/dev/shm is a hugetlbfs: no semaphores, and shared memory in multiples of % bytes";
    NO_FILES: "/dev/shm takes no files";
    READ_ONLY: "/dev/shm is read-only";
    NO_ENTRY: "/dev/shm denies access: its mode, its file system or a security module";
    NO_INODES: "0 of % inodes of /dev/shm are free (nr_inodes)";
    NO_BLOCKS: "0 of % blocks of /dev/shm are free (size)";
    NO_ROOM: "% kB asked for, % of % kB of /dev/shm are free (size)";
    NO_FALLOCATE: "/dev/shm has no fallocate(2)";
    REPLACED: "another process put a file there";
    HARD_LINKS: "fs.protected_hardlinks=1: another owner needs CAP_FOWNER";
    NOT_OURS: "it is another user's";
    NOT_OUR_FILE: "it is another user's or chattr(1) protects it";
    NO_CHOWN: "another owner or group needs CAP_CHOWN, a queue's CAP_FOWNER too";
    FILE_SIZE: "% bytes are over % (RLIMIT_FSIZE)";
    QUEUES_MAX: "not disk space: at most % POSIX queues (fs.mqueue.queues_max)";
    ATTRIBUTES: "--maxmsg is 1 to %, --msgsize 1 to % (fs.mqueue.msg_max, msgsize_max); with CAP_SYS_RESOURCE 65536 and 16777216";
    QUEUES_UNKNOWN: "not disk space: too many POSIX queues (fs.mqueue.queues_max)";
    ATTRIBUTES_UNKNOWN: "--maxmsg or --msgsize is 0 or over fs.mqueue.msg_max or msgsize_max";
    MSGQUEUE: "% messages of % bytes take more than is left of % bytes (RLIMIT_MSGQUEUE)";
    NO_MQUEUE: "this kernel has no POSIX queues (CONFIG_POSIX_MQUEUE)";
    NO_MQUEUE_OR_FILTER: "this kernel has no POSIX queues (CONFIG_POSIX_MQUEUE), or a seccomp filter hides it";
    SHMMIN: "a segment has at least 1 byte (SHMMIN)";
    LARGEST_FILE: "% bytes are over %, the largest file";
    OVER_ADDRESSES: "% bytes are over %, the address space";
    OVER_EACH: "% bytes are over % (SHMMAX, kernel.shmmax)",
        "% bytes are over % (MSGMNB, kernel.msgmnb), which needs CAP_SYS_RESOURCE",
        "% semaphores are over % (SEMMSL, kernel.sem field 1)";
    OPERATIONS: "first values need 2 operations in one call (SEMOPM, kernel.sem field 3)";
    OVER_OBJECTS: "not disk space: % of % segments in use (SHMMNI, kernel.shmmni); see ipcs -m, ipcrm",
        "not disk space: % of % queues in use (MSGMNI, kernel.msgmni); see ipcs -q, ipcrm",
        "not disk space: % of % sets in use (SEMMNI, kernel.sem field 4); see ipcs -s, ipcrm";
    OVER_UNITS: "not disk space: % of % pages in use, % more asked for (SHMALL, kernel.shmall); see ipcs -m, ipcrm",
        "",
        "not disk space: % of % semaphores in use, % more asked for (SEMMNS, kernel.sem field 2); see ipcs -s, ipcrm";
    NO_LONGER_FULL: "not disk space: a limit was reached a moment ago; see ipcs -l";
    KERNEL_MEMORY: "kernel memory is short or over the cgroup's memory.max";
    ADDRESS_SPACE: "no address space (RLIMIT_AS) or memory (vm.overcommit_memory) is left";
    COMMIT_UNKNOWN: "kernel memory is short or over what vm.overcommit_memory allows";
    COMMIT_LIMIT: "% of % kB committed, % more asked for (CommitLimit, vm.overcommit_ratio)";
    COMMIT_GUESS: "% kB asked for, % of memory and swap (vm.overcommit_memory)";
    FILE_MAX: "the system's table of open files is full (fs.file-max)";
    NOFILE: "no file descriptor is left (RLIMIT_NOFILE)";
    NO_SYSVIPC: "this kernel has no System V IPC (CONFIG_SYSVIPC)";
    NO_SYSVIPC_OR_FILTER: "this kernel has no System V IPC (CONFIG_SYSVIPC), or a seccomp filter hides it";
    FILTER: "a seccomp filter forbids this call";
    OWNER_FORM: "--owner takes <user>[:<group>], each an id or a name in /etc/passwd, /etc/group";
    UNMAPPED: "this user namespace does not map the owner";
    UNMAPPED_USER: "this user namespace does not map this user or its group";
    NO_LOCK: "--lock needs CAP_IPC_LOCK or an RLIMIT_MEMLOCK over 0";
    MEMLOCK: "% bytes more would be over % (RLIMIT_MEMLOCK)";
    NO_HUGE_PAGES: "huge pages need CAP_IPC_LOCK, or the group of vm.hugetlb_shm_group";
    NO_PAGE_SIZE: "this kernel has no huge pages of that size";
    HUGE_PAGES: "% of % huge pages are free, % asked for (vm.nr_hugepages, vm.nr_overcommit_hugepages)";
    HUGE_PAGES_OF_SIZE: "too few huge pages are free to this process (nr_hugepages, nr_overcommit_hugepages in /sys/kernel/mm/hugepages/hugepages-%kB)";
    HUGE_PAGES_UNKNOWN: "too few huge pages are free to this process (vm.nr_hugepages, vm.nr_overcommit_hugepages)";
    SECURITY_MODULE_OR_FILTER: "a security module forbids this call, or a seccomp filter";
    SECURITY_MODULE: "a security module forbids this call";
}

impl Words {
    #[expect(
        clippy::as_conversions,
        clippy::indexing_slicing,
        reason = "runs in the compiler"
    )]
    const fn first(row: Row) -> Self {
        let mut texts = 0;
        let mut earlier = 0;
        while earlier < row as usize {
            texts += ROWS[earlier].len();
            earlier += 1;
        }
        // The texts of the errors come last: their indices are bytes too.
        _ = small(texts + Errno::TEXTS.len());
        Self(small(texts))
    }

    /// glibc's text for an error, where it is one of [`Errno::TEXTS`].
    #[must_use]
    pub fn of_errno(errno: Errno) -> Option<Self> {
        let mut words = Self::ERRNO;
        for &number in &NUMBERS {
            if errno.number() == number.into() {
                return Some(words);
            }
            words.0 = words.0.wrapping_add(1);
        }
        None
    }

    /// Of the three texts that begin here, the one for a kind.
    #[must_use]
    pub const fn of(self, kind: Kind) -> Self {
        Self(self.0.wrapping_add(kind.place()))
    }

    /// Passes the text to `put`, byte by byte.
    pub fn put<F: FnMut(u8)>(self, put: &mut F) {
        let mut at = TEXTS;
        let mut before = self.0;
        loop {
            let (rank, next) = pack::rank(bits(at), at);
            at = next;
            match before {
                0 if rank == END => return,
                0 => expand(rank, put),
                _ if rank == END => before -= 1,
                _ => {}
            }
        }
    }
}

/// The numbers of [`Errno::TEXTS`], in their order.
static NUMBERS: [u8; Errno::TEXTS.len()] = numbers();

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
const fn numbers() -> [u8; Errno::TEXTS.len()] {
    let mut numbers = [0; Errno::TEXTS.len()];
    let mut row = 0;
    while row < numbers.len() {
        numbers[row] = Errno::TEXTS[row].0;
        row += 1;
    }
    numbers
}

/// Passes what a symbol stands for to `put`.
fn expand<F: FnMut(u8)>(rank: u32, put: &mut F) {
    match pack::symbol(bits(rank * ENTRY)) {
        Symbol::Byte(byte) => put(byte),
        Symbol::Pair(first, second) => {
            expand(first, put);
            expand(second, put);
        }
    }
}

/// The bits from here on, 25 at least, the next one lowest.
fn bits(at: u32) -> u32 {
    let byte = usize::try_from(at / 8).unwrap_or_default();
    let here = BITS.get(byte..).and_then(|bits| bits.first_chunk());
    u32::from_le_bytes(here.copied().unwrap_or_default()) >> (at % 8)
}

/// The texts one after the other, each with a NUL behind it.
const PLAIN: Plain = Plain::EMPTY.rows(ROWS).errno(Errno::TEXTS);

#[expect(long_running_const_eval, reason = "it is a few seconds")]
const PACKED: Packed = PLAIN.pack();

// Statics, lest the binary's compiler packs again.
static BITS: [u8; PACKED.size()] = PACKED.bits();
static TEXTS: u32 = PACKED.texts;
static END: u32 = PACKED.end;

#[cfg(test)]
#[path = "../../tests/unit/words.rs"]
mod tests;
