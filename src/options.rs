//! The one table of options. The parser, the help text and the man page are
//! all made from it.

use crate::draft::{Draft, small};

/// The two ways to read a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// That of util-linux: an option names a resource and its size.
    Standard,
    /// An option names a resource and its key.
    Keyed,
}

/// What an option means, whatever its letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opt {
    // What options apply to comes first: see `applies`.
    /// System V shared memory.
    Shmem,
    /// POSIX shared memory.
    PosixShmem,
    /// System V message queue.
    Queue,
    /// POSIX message queue.
    PosixMqueue,
    /// System V semaphores.
    Semaphore,
    /// POSIX semaphore.
    PosixSemaphore,
    /// Key.
    Key,
    /// File that the key is made of.
    Ftok,

    // Then the others with numbers.
    /// Permissions.
    Mode,
    /// Semaphores of a keyed set.
    Nsems,
    /// Key whose object may exist already.
    Optkey,
    /// First values of semaphores.
    Value,
    /// msg_qbytes.
    Qbytes,
    /// Messages of a POSIX queue.
    Maxmsg,
    /// Bytes of a message of a POSIX queue.
    Msgsize,
    /// The C library of a POSIX semaphore.
    Libc,
    /// Huge pages.
    Hugetlb,

    /// Name of the POSIX objects.
    Name,
    /// Bytes of a keyed segment or queue.
    Size,
    /// An existing object will do.
    Existing,
    /// Print bare ids.
    Raw,
    /// Print JSON.
    Json,
    /// Owner.
    Owner,
    /// No memory is set aside.
    Noreserve,
    /// The segment is not swapped out.
    Lock,
    /// Lines of a file.
    Batch,
    /// The line is in the keyed grammar.
    Keyed,
    /// Print the version.
    Version,
    /// Print the help text.
    Help,
}

impl Opt {
    /// Number of options that have numbers.
    pub const NUMBERS: usize = Self::Hugetlb.place() + 1;

    /// Its place among them.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "from is not const")]
    pub const fn place(self) -> usize {
        self as usize
    }

    /// The set of it alone.
    #[must_use]
    pub const fn set(self) -> u32 {
        1 << self.place()
    }
}

/// What an option applies to, as the set of options any of which must stand beside
/// it: one byte, since those come first.
pub mod applies {
    use super::Opt;

    /// Whatever there is.
    pub const ANYTHING: u8 = 0;
    /// A System V segment.
    pub const SHM: u8 = only(Opt::Shmem);
    /// A System V queue.
    pub const QUEUE: u8 = only(Opt::Queue);
    /// A System V set.
    pub const SEM: u8 = only(Opt::Semaphore);
    /// An object of System V.
    pub const SYSV: u8 = SHM | QUEUE | SEM;
    /// POSIX shared memory.
    pub const POSIX_SHM: u8 = only(Opt::PosixShmem);
    /// A POSIX queue.
    pub const POSIX_QUEUE: u8 = only(Opt::PosixMqueue);
    /// A POSIX semaphore.
    pub const POSIX_SEM: u8 = only(Opt::PosixSemaphore);
    /// A POSIX object.
    pub const POSIX: u8 = POSIX_SHM | POSIX_QUEUE | POSIX_SEM;
    /// An object that somebody else can name.
    pub const NAMED: u8 = only(Opt::Key) | only(Opt::Ftok) | POSIX;

    const fn only(opt: Opt) -> u8 {
        1 << opt.place()
    }
}

/// What an option's argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// There is none.
    None,
    /// Any bytes, as they are.
    Text,
    /// Bytes.
    Size,
    /// Bytes, as many as an int holds.
    Qbytes,
    /// A number of semaphores.
    Elements,
    /// A number of messages.
    Count,
    /// The name of a C library.
    Libc,
    /// Permissions.
    Mode,
    /// A key.
    Key,
    /// A file, and, after a colon, the id of ftok(3).
    Ftok,
    /// A user, and, after a colon, a group.
    Owner,
    /// Values with commas between them.
    Values,
    /// Bytes of a huge page; the argument may be missing.
    HugePage,
}

/// How an option looks in one grammar, and what it says of itself there.
#[derive(Clone, Copy)]
pub struct Form {
    /// Its letter, where it has one.
    pub short: Option<u8>,
    /// What its argument is.
    pub argument: Argument,
    /// How the help text shows the argument.
    pub metavar: &'static str,
    /// Its line of the help text.
    pub help: &'static str,
    /// Its paragraph of the man page, in roff.
    pub man: &'static str,
}

impl Form {
    /// The same form, which says nothing of itself.
    const fn silent(self) -> Self {
        Self {
            help: "",
            man: "",
            ..self
        }
    }
}

/// An option.
pub struct Row {
    /// What it means.
    pub opt: Opt,
    /// Its long name, without dashes; empty if it has none.
    pub long: &'static str,
    /// Whether util-linux has that name: those go first among abbreviations.
    pub util_linux: bool,
    /// What it [applies] to.
    pub applies: u8,
    /// Its form in the standard grammar.
    pub standard: Option<Form>,
    /// Its form in the keyed grammar.
    pub keyed: Option<Form>,
}

impl Row {
    /// The same, but not in the keyed grammar.
    const fn standard_only(self) -> Self {
        Self {
            keyed: None,
            ..self
        }
    }

    /// One of ours, of the same form in both grammars.
    const fn ours(opt: Opt, long: &'static str, applies: u8, form: Form) -> Self {
        Self {
            opt,
            long,
            util_linux: false,
            applies,
            standard: Some(form),
            keyed: Some(form.silent()),
        }
    }
}

/// Every option: util-linux's in the order of its own table, which an
/// ambiguity's list shows, then ours.
pub const TABLE: &[Row] = &[
    Row {
        opt: Opt::Shmem,
        long: "shmem",
        util_linux: true,
        applies: applies::ANYTHING,
        standard: Some(Form {
            short: Some(b'M'),
            argument: Argument::Size,
            metavar: "<size>",
            help: "shared memory segment of <size> bytes",
            man: "Create a System V shared memory segment of \\fIsize\\fR bytes.",
        }),
        keyed: Some(Form {
            short: Some(b'M'),
            argument: Argument::Key,
            metavar: "<key>",
            help: "",
            man: "Create a System V shared memory segment with this key. Needs \\fB-p\\fR.",
        }),
    },
    Row {
        opt: Opt::PosixShmem,
        long: "posix-shmem",
        util_linux: true,
        applies: applies::ANYTHING,
        standard: Some(Form {
            short: Some(b'm'),
            argument: Argument::Size,
            metavar: "<size>",
            help: "POSIX shared memory of <size> bytes",
            man: "Create a POSIX shared memory object of \\fIsize\\fR bytes. Needs \\fB-n\\fR.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Semaphore,
        long: "semaphore",
        util_linux: true,
        applies: applies::ANYTHING,
        standard: Some(Form {
            short: Some(b'S'),
            argument: Argument::Elements,
            metavar: "<number>",
            help: "set of <number> semaphores",
            man: "Create a System V semaphore set of \\fInumber\\fR semaphores.",
        }),
        keyed: Some(Form {
            short: Some(b'S'),
            argument: Argument::Key,
            metavar: "<key>",
            help: "",
            man: "Create a System V semaphore set with this key.",
        }),
    },
    Row {
        opt: Opt::PosixSemaphore,
        long: "posix-semaphore",
        util_linux: true,
        applies: applies::ANYTHING,
        standard: Some(Form {
            short: Some(b's'),
            argument: Argument::None,
            metavar: "",
            help: "POSIX semaphore",
            man: "Create a POSIX named semaphore. Needs \\fB-n\\fR.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Queue,
        long: "queue",
        util_linux: true,
        applies: applies::ANYTHING,
        standard: Some(Form {
            short: Some(b'Q'),
            argument: Argument::None,
            metavar: "",
            help: "message queue",
            man: "Create a System V message queue.",
        }),
        keyed: Some(Form {
            short: Some(b'Q'),
            argument: Argument::Key,
            metavar: "<key>",
            help: "",
            man: "Create a System V message queue with this key. Needs \\fB-p\\fR.",
        }),
    },
    Row {
        opt: Opt::PosixMqueue,
        long: "posix-mqueue",
        util_linux: true,
        applies: applies::ANYTHING,
        standard: Some(Form {
            short: Some(b'q'),
            argument: Argument::None,
            metavar: "",
            help: "POSIX message queue",
            man: "Create a POSIX message queue. Needs \\fB-n\\fR.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Mode,
        long: "mode",
        util_linux: true,
        applies: applies::ANYTHING,
        standard: Some(Form {
            short: Some(b'p'),
            argument: Argument::Mode,
            metavar: "<mode>",
            help: "permissions, octal (default 0644)",
            man: "Permissions in octal, 0 to 0777; default 0644. The umask plays a part for POSIX objects alone.",
        }),
        keyed: Some(Form {
            short: None,
            argument: Argument::Mode,
            metavar: "<mode>",
            help: "permissions, octal (default 0666)",
            man: "Permissions in octal, 0 to 0777; default here 0666.",
        }),
    },
    Row {
        opt: Opt::Name,
        long: "name",
        util_linux: true,
        applies: applies::ANYTHING,
        standard: Some(Form {
            short: Some(b'n'),
            argument: Argument::Text,
            metavar: "<name>",
            help: "name that POSIX objects need",
            man: "Name of the POSIX objects, with or without a slash at its start: needed with \\fB-m\\fR, \
                  \\fB-q\\fR and \\fB-s\\fR, without meaning for the others.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Version,
        long: "version",
        util_linux: true,
        applies: applies::ANYTHING,
        standard: Some(Form {
            short: Some(b'V'),
            argument: Argument::None,
            metavar: "",
            help: "print the version",
            man: "Print the version and exit.",
        }),
        keyed: Some(Form {
            short: Some(b'V'),
            argument: Argument::None,
            metavar: "",
            help: "",
            man: "",
        }),
    },
    Row {
        opt: Opt::Help,
        long: "help",
        util_linux: true,
        applies: applies::ANYTHING,
        standard: Some(Form {
            short: Some(b'h'),
            argument: Argument::None,
            metavar: "",
            help: "print this help",
            man: "Print a help text and exit.",
        }),
        keyed: Some(Form {
            short: Some(b'h'),
            argument: Argument::None,
            metavar: "",
            help: "",
            man: "",
        }),
    },
    Row::ours(
        Opt::Key,
        "key",
        applies::SYSV,
        Form {
            short: Some(b'k'),
            argument: Argument::Key,
            metavar: "<key>",
            help: "key of the new object",
            man: "Key of the object. An existing object with that key is an error, without \\fB-e\\fR.",
        },
    ),
    Row::ours(
        Opt::Ftok,
        "ftok",
        applies::SYSV,
        Form {
            short: None,
            argument: Argument::Ftok,
            metavar: "<path>[:<id>]",
            help: "the key that ftok(3) gives; id 1 to 255",
            man: "The key that \\fBftok\\fR(3) makes of a file and an \\fIid\\fR, 1 to 255; default 1. \
                  What follows the last colon is the id if it begins with a digit.",
        },
    )
    .standard_only(),
    Row::ours(
        Opt::Existing,
        "existing",
        applies::NAMED,
        Form {
            short: Some(b'e'),
            argument: Argument::None,
            metavar: "",
            help: "an existing object will do",
            man: "An object that has the key or the name already will do, and stays as it is. \
                  No permission is asked for.",
        },
    ),
    Row::ours(
        Opt::Raw,
        "raw",
        applies::ANYTHING,
        Form {
            short: Some(b'r'),
            argument: Argument::None,
            metavar: "",
            help: "print bare ids and names",
            man: "Print bare identifiers and names, one a line.",
        },
    ),
    Row::ours(
        Opt::Json,
        "json",
        applies::ANYTHING,
        Form {
            short: Some(b'J'),
            argument: Argument::None,
            metavar: "",
            help: "print JSON",
            man: "Print JSON, see below.",
        },
    ),
    Row::ours(
        Opt::Owner,
        "owner",
        applies::SYSV | applies::POSIX,
        Form {
            short: None,
            argument: Argument::Owner,
            metavar: "<uid>[:<gid>]",
            help: "owner, in numbers",
            man: "Owner of the objects, in numbers; without \\fIgid\\fR the group is that of the process.",
        },
    ),
    Row::ours(
        Opt::Value,
        "value",
        applies::SEM | applies::POSIX_SEM,
        Form {
            short: None,
            argument: Argument::Values,
            metavar: "<v>[,<v>...]",
            help: "first values of the semaphores",
            man: "First values of the semaphores of \\fB-S\\fR, 0 to 32767: one for all, or one for each. \
                  With \\fB-s\\fR one value, 0 to 2147483647.",
        },
    ),
    Row::ours(
        Opt::Qbytes,
        "qbytes",
        applies::QUEUE,
        Form {
            short: None,
            argument: Argument::Qbytes,
            metavar: "<size>",
            help: "bytes that the queue may hold",
            man: "Bytes that the queue of \\fB-Q\\fR may hold (msg_qbytes); with keys, that is \\fB-p\\fR.",
        },
    )
    .standard_only(),
    Row::ours(
        Opt::Maxmsg,
        "maxmsg",
        applies::POSIX_QUEUE,
        Form {
            short: None,
            argument: Argument::Count,
            metavar: "<n>",
            help: "messages that a POSIX queue may hold",
            man: "Messages that the queue of \\fB-q\\fR may hold (mq_maxmsg); \
                  default \\fIfs.mqueue.msg_default\\fR.",
        },
    )
    .standard_only(),
    Row::ours(
        Opt::Msgsize,
        "msgsize",
        applies::POSIX_QUEUE,
        Form {
            short: None,
            argument: Argument::Qbytes,
            metavar: "<size>",
            help: "bytes of its largest message",
            man: "Bytes of the largest message that the queue of \\fB-q\\fR takes (mq_msgsize); \
                  default \\fIfs.mqueue.msgsize_default\\fR.",
        },
    )
    .standard_only(),
    Row::ours(
        Opt::Libc,
        "libc",
        applies::POSIX_SEM,
        Form {
            short: None,
            argument: Argument::Libc,
            metavar: "<name>",
            help: "C library of the POSIX semaphore",
            man: "The C library of the programs that use the semaphore of \\fB-s\\fR: \
                  \\fBglibc\\fR, which is the default, or \\fBmusl\\fR.",
        },
    )
    .standard_only(),
    Row::ours(
        Opt::Hugetlb,
        "hugetlb",
        applies::SHM,
        Form {
            short: None,
            argument: Argument::HugePage,
            metavar: "[=<size>]",
            help: "huge pages (SHM_HUGETLB)",
            man: "Make the segment of huge pages (SHM_HUGETLB), of this size, a power of two, or the kernel's default.",
        },
    ),
    Row::ours(
        Opt::Noreserve,
        "noreserve",
        applies::SHM,
        Form {
            short: None,
            argument: Argument::None,
            metavar: "",
            help: "set no memory aside (SHM_NORESERVE)",
            man: "Set no memory or swap aside for the segment (SHM_NORESERVE).",
        },
    ),
    Row::ours(
        Opt::Lock,
        "lock",
        applies::SHM,
        Form {
            short: None,
            argument: Argument::None,
            metavar: "",
            help: "keep it out of swap (SHM_LOCK)",
            man: "Keep the segment's pages in memory once they are there (SHM_LOCK).",
        },
    ),
    Row::ours(
        Opt::Batch,
        "batch",
        applies::ANYTHING,
        Form {
            short: None,
            argument: Argument::Text,
            metavar: "<file>",
            help: "a line of arguments a line; - is standard input",
            man: "Read lines of arguments from \\fIfile\\fR, or from standard input (\\fB-\\fR), and create \
                  all that they ask for, or nothing; see below. Goes with \\fB-r\\fR or \\fB-J\\fR only.",
        },
    )
    .standard_only(),
    Row {
        opt: Opt::Keyed,
        long: "keyed",
        util_linux: false,
        applies: applies::ANYTHING,
        standard: Some(Form {
            short: None,
            argument: Argument::None,
            metavar: "",
            help: "read the line by keys (first argument only)",
            man: "As the first argument: read the rest of the line by keys, see below. \
                  Anywhere else it is an error.",
        }),
        keyed: Some(Form {
            short: None,
            argument: Argument::None,
            metavar: "",
            help: "",
            man: "",
        }),
    },
    Row {
        opt: Opt::Size,
        long: "size",
        util_linux: false,
        applies: applies::ANYTHING,
        standard: None,
        keyed: Some(Form {
            short: Some(b'p'),
            // Ignored with -S: read once the resource is known.
            argument: Argument::Text,
            metavar: "<size>",
            help: "bytes of the segment, or msg_qbytes of the queue",
            man: "Bytes of the segment, or what a new queue may hold (msg_qbytes). \
                  Required with \\fB-M\\fR and \\fB-Q\\fR, ignored with \\fB-S\\fR.",
        }),
    },
    Row {
        opt: Opt::Nsems,
        long: "nsems",
        util_linux: false,
        applies: applies::ANYTHING,
        standard: None,
        keyed: Some(Form {
            short: Some(b's'),
            argument: Argument::Elements,
            metavar: "<nsems>",
            help: "number of semaphores (default 1)",
            man: "Number of semaphores in the set; default 1. Goes with \\fB-S\\fR only.",
        }),
    },
    Row {
        opt: Opt::Optkey,
        long: "",
        util_linux: false,
        applies: applies::ANYTHING,
        standard: None,
        keyed: Some(Form {
            short: Some(b'o'),
            argument: Argument::Key,
            metavar: "<key>",
            help: "this key; an existing object will do",
            man: "Use this key instead, and print the id of the object that has it, if there is \
                  one; that object stays as it is.",
        }),
    },
];

/// What the parser needs of an option in one grammar. The texts of the table
/// stay out of the running program.
#[derive(Clone, Copy)]
pub struct Spec {
    /// What it means.
    pub opt: Opt,
    /// What its argument is.
    pub argument: Argument,
    /// Its letter; 0, which is in no argument, if it has none.
    short: u8,
    /// Where [`NAMES`] holds its long name, which is empty if it has none.
    start: u8,
    length: u8,
    util_linux: bool,
    /// What it [applies] to.
    pub applies: u8,
}

impl Spec {
    /// Of no option.
    pub const NONE: &'static Self = &EMPTY;

    /// Its long name, without dashes; empty if it has none.
    #[must_use]
    pub fn long(&self) -> &'static [u8] {
        let (_, names) = NAMES
            .split_at_checked(self.start.into())
            .unwrap_or_default();
        names.get(..self.length.into()).unwrap_or_default()
    }
}

/// The long names in a row: in pointers they would take twice the room.
static NAMES: [u8; names::<0>().length] = names::<{ names::<0>().length }>().bytes;

static STANDARD: [Spec; count(Grammar::Standard)] = specs(Grammar::Standard);
static KEYED: [Spec; count(Grammar::Keyed)] = specs(Grammar::Keyed);

impl Grammar {
    const fn specs(self) -> &'static [Spec] {
        match self {
            Self::Standard => &STANDARD,
            Self::Keyed => &KEYED,
        }
    }
}

/// A match for a long option.
pub enum Named {
    /// No option has a name that begins like this.
    Unknown,
    /// This one, in full or by an abbreviation of it alone.
    One(&'static Spec),
    /// Several: an ambiguity.
    Several,
}

/// The option with this letter, a slice of one byte.
#[must_use]
pub fn by_letter(grammar: Grammar, letter: &[u8]) -> Option<&'static Spec> {
    grammar
        .specs()
        .iter()
        .find(|spec| [spec.short] == letter && spec.short != 0)
}

/// The option that a long name or its abbreviation stands for.
#[must_use]
pub fn by_name(grammar: Grammar, name: &[u8]) -> Named {
    let mut named = Named::Unknown;
    for spec in possibilities(grammar, name) {
        if usize::from(spec.length) == name.len() {
            return Named::One(spec);
        }
        named = match named {
            Named::Unknown => Named::One(spec),
            Named::One(_) | Named::Several => Named::Several,
        };
    }
    named
}

/// The options that an abbreviation may stand for: util-linux's, or, if none
/// of them begins like this, ours.
pub fn possibilities(grammar: Grammar, name: &[u8]) -> impl Iterator<Item = &'static Spec> {
    let mut theirs = false;
    grammar
        .specs()
        .iter()
        .filter(move |spec| spec.length != 0 && spec.long().starts_with(name))
        // Theirs stand first in the table.
        .take_while(move |spec| {
            theirs |= spec.util_linux;
            spec.util_linux == theirs
        })
}

impl Row {
    /// Its form in a grammar.
    #[must_use]
    pub const fn form(&self, grammar: Grammar) -> Option<Form> {
        match grammar {
            Grammar::Standard => self.standard,
            Grammar::Keyed => self.keyed,
        }
    }
}

const EMPTY: Spec = Spec {
    opt: Opt::Help,
    argument: Argument::None,
    short: 0,
    start: 0,
    length: 0,
    util_linux: false,
    applies: 0,
};

/// The options that do not apply to everything.
pub const NARROW: u32 = narrow();

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
const fn narrow() -> u32 {
    let mut narrow = 0;
    let mut row = 0;
    while row < TABLE.len() {
        if TABLE[row].applies != applies::ANYTHING {
            narrow |= TABLE[row].opt.set();
        }
        row += 1;
    }
    narrow
}

/// Number of options in a grammar.
#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
const fn count(grammar: Grammar) -> usize {
    let mut count = 0;
    let mut row = 0;
    while row < TABLE.len() {
        if TABLE[row].form(grammar).is_some() {
            count += 1;
        }
        row += 1;
    }
    count
}

/// The options of a grammar. Two with one letter or one long name do not
/// compile; nor does a row of util-linux's behind one of ours, or one of ours
/// whose name begins an earlier one.
#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
const fn specs<const N: usize>(grammar: Grammar) -> [Spec; N] {
    let mut specs = [EMPTY; N];
    let mut filled = 0;
    let mut start = 0;
    let mut row = 0;
    while row < TABLE.len() {
        let long = TABLE[row].long;
        if let Some(form) = TABLE[row].form(grammar) {
            let spec = Spec {
                opt: TABLE[row].opt,
                argument: form.argument,
                short: match form.short {
                    Some(letter) => letter,
                    None => 0,
                },
                start: small(start),
                length: small(long.len()),
                util_linux: TABLE[row].util_linux,
                applies: TABLE[row].applies,
            };
            let mut earlier = 0;
            while earlier < filled {
                refuse_clash(&spec, &specs[earlier]);
                earlier += 1;
            }
            specs[filled] = spec;
            filled += 1;
        }
        start += long.len();
        row += 1;
    }
    specs
}

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
const fn names<const N: usize>() -> Draft<N> {
    let mut names = Draft::EMPTY;
    let mut row = 0;
    while row < TABLE.len() {
        names = names.put(TABLE[row].long);
        row += 1;
    }
    names
}

const fn refuse_clash(spec: &Spec, earlier: &Spec) {
    assert!(
        spec.short == 0 || spec.short != earlier.short,
        "a letter stands twice"
    );
    assert!(
        !spec.util_linux || earlier.util_linux,
        "a row of util-linux's stands behind ours"
    );
    let names = names::<{ names::<0>().length }>();
    assert!(
        !begins(&names.bytes, earlier, spec),
        "a long name stands twice, or begins an earlier one"
    );
}

/// Whether the name of one begins with the name of the other, which has one.
#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
#[expect(clippy::as_conversions, reason = "from is not const")]
const fn begins(names: &[u8], one: &Spec, other: &Spec) -> bool {
    let mut same = 0;
    while same < one.length
        && same < other.length
        && names[(one.start + same) as usize] == names[(other.start + same) as usize]
    {
        same += 1;
    }
    same == other.length && same != 0
}
