//! All that the program says beside its ids, in one table, which the compiler
//! packs. Error lines are util-linux's where it has some: scripts search for
//! them.

mod pack;

use crate::draft::small;
use crate::errno;
use crate::plan::Kind;
use crate::render;
use pack::{Packed, Plain};

/// A text, by its place in the table.
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
            /// The first of those of [`errno::TEXTS`], which follow in their order.
            const ERRNO: Self = Self::first(Row::ERRNO);
        }

        /// The texts, in their order.
        const ROWS: &[&[&str]] = &[$(&[$($text),+]),*];
    };
}

// Three texts in a row are one for each kind of object: see `Words::of`. In a
// text `@` stands for the word that is wrong, `%` for the next figure in
// decimal, and `#` for the next one in hexadecimal.
words! {
    // Whole answers.
    HELP: render::HELP;
    VERSION: render::VERSION;

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
    NO_RESOURCE: "bad usage";
    NO_NAME: "name is required for POSIX IPC";
    SEVERAL_KEYED: "only one of -M, -Q and -S can have a key";
    NO_SIZE: "-p <size> is required with -M and -Q";
    NSEMS_WITHOUT_SET: "-s <nsems> goes with -S only";
    BAD_MODE: "failed to parse mode: '@'";
    BAD_KEY: "failed to parse key: '@'";
    BAD_ELEMENTS: "failed to parse elements: '@'";
    BAD_SIZE: "failed to parse size: '@'";
    SAY_KEYED: "if this line gives a key, begin it with --keyed";
    TRY_HELP: "Try 'ipcmk --help' for more information.\n";

    // What failed.
    CREATE_FAILED: "create share memory failed",
        "create message queue failed",
        "create semaphore failed";
    FORCED_SHM: "create share memory failed: kernel.shm_rmid_forced=1 would remove it at exit";
    POSIX_FAILED: "POSIX objects are not supported yet";
    BLOCK_FAILED: "block signals failed";
    RANDOM_FAILED: "get random key failed";
    WRITE_FAILED: "write error";
    UNKNOWN_ERRNO: "errno %";
    LEFT: "shared memory id % is left behind",
        "message queue id % is left behind",
        "semaphore id % is left behind";

    // Why it failed.
    IN_USE: "segment % has key 0x#: -o returns it, ipcrm -m % removes it",
        "queue % has key 0x#: -o returns it, ipcrm -q % removes it",
        "set % has key 0x#: -o returns it, ipcrm -s % removes it";
    SMALL_SHM: "segment % has % bytes";
    SMALL_SEM: "set % has % semaphores";
    SHMMIN: "a segment has at least 1 byte (SHMMIN)";
    LARGEST_FILE: "% bytes are over %, the largest file";
    OVER_EACH: "% bytes are over % (SHMMAX, kernel.shmmax)",
        "% bytes are over % (MSGMNB, kernel.msgmnb), which needs CAP_SYS_RESOURCE",
        "% semaphores are over % (SEMMSL, kernel.sem field 1)";
    OVER_OBJECTS: "not disk space: % of % segments in use (SHMMNI, kernel.shmmni); see ipcs -m, ipcrm",
        "not disk space: % of % queues in use (MSGMNI, kernel.msgmni); see ipcs -q, ipcrm",
        "not disk space: % of % sets in use (SEMMNI, kernel.sem field 4); see ipcs -s, ipcrm";
    SHMALL: "not disk space: % of % pages in use, % more asked for (SHMALL, kernel.shmall); see ipcs -m, ipcrm";
    SEMMNS: "not disk space: % of % semaphores in use, % more asked for (SEMMNS, kernel.sem field 2); see ipcs -s, ipcrm";
    NO_LONGER_FULL: "not disk space: a limit was reached, and is no more; see ipcs -l";
    KERNEL_MEMORY: "kernel memory is short, or over the cgroup's memory.max";
    COMMIT_UNKNOWN: "more than the kernel commits itself to (vm.overcommit_memory)";
    COMMIT_LIMIT: "% of % kB committed, % more asked for (CommitLimit, vm.overcommit_ratio)";
    COMMIT_GUESS: "% kB asked for, % of memory and swap (vm.overcommit_memory)";
    FILE_MAX: "the system's table of open files is full (fs.file-max)";
    NOFILE: "no file descriptor is left (RLIMIT_NOFILE, ulimit -n)";
    NO_SYSVIPC: "this kernel has no System V IPC (CONFIG_SYSVIPC)";
    NO_SYSVIPC_OR_FILTER: "this kernel has no System V IPC (CONFIG_SYSVIPC), or a seccomp filter hides it";
    FILTER: "a seccomp filter forbids this call";
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
        Self(small(texts))
    }

    /// Those of row `row` of [`errno::TEXTS`].
    #[must_use]
    pub fn errno(row: u8) -> Self {
        Self(Self::ERRNO.0.wrapping_add(row))
    }

    /// Of three texts that begin here, that of a kind.
    #[must_use]
    pub const fn of(self, kind: Kind) -> Self {
        let place = match kind {
            Kind::Shm => 0,
            Kind::Queue => 1,
            Kind::Sem => 2,
        };
        Self(self.0.wrapping_add(place))
    }

    /// Puts the text, byte by byte.
    pub fn put<F: FnMut(u8)>(self, put: &mut F) {
        let mut ends = 0;
        for &byte in &BYTES {
            match byte {
                0 => ends += 1,
                _ if ends == self.0 => expand(byte, put),
                _ => {}
            }
        }
    }
}

/// Puts what a byte of [`BYTES`] stands for.
fn expand<F: FnMut(u8)>(byte: u8, put: &mut F) {
    match PAIRS.get(pack::place(byte)) {
        Some(&[first, second]) if byte != b'\n' => {
            expand(first, put);
            expand(second, put);
        }
        _ => put(byte),
    }
}

/// The texts one after the other, with a NUL behind each.
const PLAIN: Plain = Plain::EMPTY.rows(ROWS).errno(errno::TEXTS);

#[allow(
    long_running_const_eval,
    reason = "a second; the lint's patience depends on the profile"
)]
const PACKED: Packed = PLAIN.pack();

static BYTES: [u8; PACKED.length] = PACKED.bytes();
static PAIRS: [[u8; 2]; PACKED.count] = PACKED.pairs();

#[cfg(test)]
#[path = "../tests/unit/words.rs"]
mod tests;
