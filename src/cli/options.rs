//! The one table of options: the parser, the help text and the man page are made of it.

use core::ops::BitOr;

/// The two ways to read a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// That of util-linux: an option names a resource and its size.
    Standard,
    /// An option names a resource and its key.
    Keyed,
}

/// An option, whatever its letter in either grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opt {
    // First the eight that other options apply to: `Opts::first_byte`.
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

    // Then the others that have a number: `Opt::NUMBERS`.
    /// Permissions.
    Mode,
    /// Semaphores of a keyed set.
    Nsems,
    /// Key of the keyed grammar's -o, whose object may exist.
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
    /// Return an existing object.
    Existing,
    /// Print bare ids.
    Raw,
    /// Print JSON.
    Json,
    /// Owner.
    Owner,
    /// Allocate the pages of POSIX shared memory.
    Allocate,
    /// SHM_NORESERVE.
    Noreserve,
    /// SHM_LOCK.
    Lock,
    /// A file of command lines.
    Batch,
    /// Only check.
    DryRun,
    /// Remove what the line names.
    Remove,
    /// The line is in the keyed grammar.
    Keyed,
    /// Print the version.
    Version,
    /// Print the help text.
    Help,
}

impl Opt {
    /// Number of options that have a number.
    pub const NUMBERS: usize = Self::Name.place();

    /// Its place in the order of options.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "from is not const")]
    pub const fn place(self) -> usize {
        self as usize
    }

    /// The set of it alone.
    #[must_use]
    pub const fn bit(self) -> Opts {
        Opts(1 << self.place())
    }
}

/// A set of options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opts(u32);

impl Opts {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// A System V segment.
    pub const SHM: Self = Opt::Shmem.bit();
    /// A System V queue.
    pub const QUEUE: Self = Opt::Queue.bit();
    /// A System V semaphore set.
    pub const SEM: Self = Opt::Semaphore.bit();
    /// The System V objects.
    pub const SYSV: Self = Self::SHM.or(Self::QUEUE).or(Self::SEM);
    /// A POSIX queue.
    pub const POSIX_QUEUE: Self = Opt::PosixMqueue.bit();
    /// A POSIX semaphore.
    pub const POSIX_SEM: Self = Opt::PosixSemaphore.bit();
    /// The POSIX objects.
    pub const POSIX: Self = Opt::PosixShmem
        .bit()
        .or(Self::POSIX_QUEUE)
        .or(Self::POSIX_SEM);
    /// The objects of both interfaces.
    pub const OBJECTS: Self = Self::SYSV.or(Self::POSIX);
    /// What gives an object a key or a name that can exist already.
    pub const NAMED: Self = Opt::Key.bit().or(Opt::Ftok.bit()).or(Self::POSIX);

    /// The options of either set. (`|`, for constants.)
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The options that are in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The options that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether any option is in both sets.
    #[must_use]
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Number of options.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// The set as one byte: what an option can apply to comes first in [`Opt`].
    ///
    /// # Panics
    /// In the compiler, if another option is in the set.
    #[must_use]
    pub const fn first_byte(self) -> u8 {
        let [rest @ .., byte] = self.0.to_be_bytes();
        assert!(
            matches!(rest, [0, 0, 0]),
            "an option applies to what is behind the first eight"
        );
        byte
    }

    /// Whether any option of a set that is given as one byte is in this set.
    #[must_use]
    pub const fn any_of_byte(self, byte: u8) -> bool {
        let [.., first] = self.0.to_be_bytes();
        first & byte != 0
    }
}

impl BitOr for Opts {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl BitOr for Opt {
    type Output = Opts;

    fn bitor(self, other: Self) -> Opts {
        self.bit().or(other.bit())
    }
}

impl From<Opt> for Opts {
    fn from(opt: Opt) -> Self {
        opt.bit()
    }
}

/// The kind of an option's argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// No argument.
    None,
    /// The name of POSIX objects: any bytes.
    Name,
    /// A file with the lines of a batch: any bytes.
    File,
    /// Not read before the resource is known: a size, or ignored.
    Unread,
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

/// An option in one grammar: how it is written, and its texts.
#[derive(Clone, Copy)]
pub struct Form {
    /// Its letter, if it has one.
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
    /// The same form without texts.
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
    /// Whether util-linux has that name. An abbreviation is tried on those first.
    pub util_linux: bool,
    /// What it applies to: one of these must be on the line, or [`ANYTHING`].
    pub applies: Opts,
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

    /// An option that util-linux does not have, with the same form in both grammars.
    const fn ours(opt: Opt, long: &'static str, applies: Opts, form: Form) -> Self {
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

/// No other option need be on the line.
pub const ANYTHING: Opts = Opts::NONE;

/// Every option: first util-linux's, in the order of its own table, which the error for an
/// ambiguous name shows; then ours.
pub const TABLE: &[Row] = &[
    Row {
        opt: Opt::Shmem,
        long: "shmem",
        util_linux: true,
        applies: ANYTHING,
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
            man: "Create a System V shared memory segment with this key. Requires \\fB-p\\fR.",
        }),
    },
    Row {
        opt: Opt::PosixShmem,
        long: "posix-shmem",
        util_linux: true,
        applies: ANYTHING,
        standard: Some(Form {
            short: Some(b'm'),
            argument: Argument::Size,
            metavar: "<size>",
            help: "POSIX shared memory of <size> bytes",
            man: "Create a POSIX shared memory object of \\fIsize\\fR bytes. Requires \\fB-n\\fR.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Semaphore,
        long: "semaphore",
        util_linux: true,
        applies: ANYTHING,
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
        applies: ANYTHING,
        standard: Some(Form {
            short: Some(b's'),
            argument: Argument::None,
            metavar: "",
            help: "POSIX semaphore",
            man: "Create a POSIX named semaphore. Requires \\fB-n\\fR.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Queue,
        long: "queue",
        util_linux: true,
        applies: ANYTHING,
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
            man: "Create a System V message queue with this key. Requires \\fB-p\\fR.",
        }),
    },
    Row {
        opt: Opt::PosixMqueue,
        long: "posix-mqueue",
        util_linux: true,
        applies: ANYTHING,
        standard: Some(Form {
            short: Some(b'q'),
            argument: Argument::None,
            metavar: "",
            help: "POSIX message queue",
            man: "Create a POSIX message queue. Requires \\fB-n\\fR.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Mode,
        long: "mode",
        util_linux: true,
        applies: ANYTHING,
        standard: Some(Form {
            short: Some(b'p'),
            argument: Argument::Mode,
            metavar: "<mode>",
            help: "permissions, octal (default 0644)",
            man: "Permissions in octal, 0 to 0777, whatever the umask; default 0644, \
                  from which the umask removes bits for POSIX objects.",
        }),
        keyed: Some(Form {
            short: None,
            argument: Argument::Mode,
            metavar: "<mode>",
            help: "permissions, octal (default 0666)",
            man: "Permissions in octal, 0 to 0777; default 0666.",
        }),
    },
    Row {
        opt: Opt::Name,
        long: "name",
        util_linux: true,
        applies: ANYTHING,
        standard: Some(Form {
            short: Some(b'n'),
            argument: Argument::Name,
            metavar: "<name>",
            help: "name of the POSIX objects",
            man: "Name of the POSIX objects, with or without a slash at its start. Required with \\fB-m\\fR, \
                  \\fB-q\\fR and \\fB-s\\fR, ignored otherwise.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Version,
        long: "version",
        util_linux: true,
        applies: ANYTHING,
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
        applies: ANYTHING,
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
        Opts::SYSV,
        Form {
            short: Some(b'k'),
            argument: Argument::Key,
            metavar: "<key>",
            help: "key of the new object",
            man: "Key of the object. If an object with that key exists, the line fails, unless it has \\fB-e\\fR.",
        },
    ),
    Row::ours(
        Opt::Ftok,
        "ftok",
        Opts::SYSV,
        Form {
            short: None,
            argument: Argument::Ftok,
            metavar: "<path>[:<id>]",
            help: "key from ftok(3); id 0 to 255, default 1",
            man: "The key that \\fBftok\\fR(3) makes of a file and an \\fIid\\fR, 0 to 255; default 1. \
                  What follows the last colon is the id if it begins with a digit; programs that call \
                  ftok with a letter use its number ('R' is 82).",
        },
    )
    .standard_only(),
    Row::ours(
        Opt::Existing,
        "existing",
        Opts::NAMED,
        Form {
            short: Some(b'e'),
            argument: Argument::None,
            metavar: "",
            help: "accept an existing object",
            man: "If an object with that key or name exists, print it and leave it unchanged. \
                  That requires no permission on the object.",
        },
    ),
    Row::ours(
        Opt::Raw,
        "raw",
        ANYTHING,
        Form {
            short: Some(b'r'),
            argument: Argument::None,
            metavar: "",
            help: "print bare ids and names",
            man: "Print only identifiers and names, one per line.",
        },
    ),
    Row::ours(
        Opt::Json,
        "json",
        ANYTHING,
        Form {
            short: Some(b'J'),
            argument: Argument::None,
            metavar: "",
            help: "print JSON",
            man: "Print JSON; see OUTPUT.",
        },
    ),
    Row::ours(
        Opt::Owner,
        "owner",
        Opts::OBJECTS,
        Form {
            short: None,
            argument: Argument::Owner,
            metavar: "<user>[:<group>]",
            help: "owner: ids or names",
            man: "Owner of the objects: ids, or names in /etc/passwd and /etc/group, as they stand there. \
                  No other source is asked. Digits are always an id. The default group is that of the process, \
                  not that of the user. A batch looks each name up once.",
        },
    ),
    Row::ours(
        Opt::Value,
        "value",
        Opts::SEM.or(Opts::POSIX_SEM),
        Form {
            short: None,
            argument: Argument::Values,
            metavar: "<v>[,<v>...]",
            help: "initial values of the semaphores",
            man: "Initial values of the semaphores of \\fB-S\\fR, 0 to 32767: one for all, or one for each. \
                  They set sem_otime too: see PROPERTIES. With \\fB-s\\fR one value, 0 to 2147483647.",
        },
    ),
    Row::ours(
        Opt::Qbytes,
        "qbytes",
        Opts::QUEUE,
        Form {
            short: None,
            argument: Argument::Qbytes,
            metavar: "<size>",
            help: "bytes that the queue may hold",
            man: "Bytes that the queue of \\fB-Q\\fR may hold (msg_qbytes). The keyed grammar has \\fB-p\\fR for that.",
        },
    )
    .standard_only(),
    Row::ours(
        Opt::Maxmsg,
        "maxmsg",
        Opts::POSIX_QUEUE,
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
        Opts::POSIX_QUEUE,
        Form {
            short: None,
            argument: Argument::Qbytes,
            metavar: "<size>",
            help: "bytes of its longest message",
            man: "Bytes of the longest message that the queue of \\fB-q\\fR takes (mq_msgsize); \
                  default \\fIfs.mqueue.msgsize_default\\fR.",
        },
    )
    .standard_only(),
    Row::ours(
        Opt::Libc,
        "libc",
        Opts::POSIX_SEM,
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
        Opt::Allocate,
        "allocate",
        Opt::PosixShmem.bit(),
        Form {
            short: None,
            argument: Argument::None,
            metavar: "",
            help: "allocate the pages of -m (fallocate)",
            man: "Allocate the pages of \\fB-m\\fR before it has its name (fallocate(2), of a tmpfs since \
                  Linux 3.5), so that a \\fI/dev/shm\\fR that is too small is refused here. Without it, the program \
                  that writes to the first page too many gets SIGBUS.",
        },
    )
    .standard_only(),
    Row::ours(
        Opt::Hugetlb,
        "hugetlb",
        Opts::SHM,
        Form {
            short: None,
            argument: Argument::HugePage,
            metavar: "[=<size>]",
            help: "huge pages (SHM_HUGETLB)",
            man: "Allocate the segment in huge pages (SHM_HUGETLB) of this size, a power of two; \
                  without \\fIsize\\fR of the kernel's default size.",
        },
    ),
    Row::ours(
        Opt::Noreserve,
        "noreserve",
        Opts::SHM,
        Form {
            short: None,
            argument: Argument::None,
            metavar: "",
            help: "reserve no swap space (SHM_NORESERVE)",
            man: "Reserve no swap space for the segment (SHM_NORESERVE).",
        },
    ),
    Row::ours(
        Opt::Lock,
        "lock",
        Opts::SHM,
        Form {
            short: None,
            argument: Argument::None,
            metavar: "",
            help: "keep it out of swap (SHM_LOCK)",
            man: "Keep the segment's pages out of swap, once they are allocated (SHM_LOCK).",
        },
    ),
    Row::ours(
        Opt::Batch,
        "batch",
        ANYTHING,
        Form {
            short: None,
            argument: Argument::File,
            metavar: "<file>",
            help: "run each line of a file; - is standard input",
            man: "Read command lines from \\fIfile\\fR, or from standard input (\\fB-\\fR), and create \
                  all of their objects, or none; see BATCH FILE. Only \\fB-r\\fR, \\fB-J\\fR, \\fB--dry-run\\fR and \
                  \\fB--remove\\fR may stand beside it.",
        },
    )
    .standard_only(),
    Row::ours(
        Opt::DryRun,
        "dry-run",
        ANYTHING,
        Form {
            short: None,
            argument: Argument::None,
            metavar: "",
            help: "check everything, create nothing",
            man: "Read and check everything, names of owners and files for \\fB--ftok\\fR too, but create and print \
                  nothing. What passes can then fail only by what kernel and file systems hold.",
        },
    ),
    Row::ours(
        Opt::Remove,
        "remove",
        ANYTHING,
        Form {
            short: None,
            argument: Argument::None,
            metavar: "",
            help: "remove what the line names",
            man: "Remove the objects that the line names by key or name, instead of creating them; \
                  see REMOVING OBJECTS. This name cannot be abbreviated.",
        },
    ),
    Row {
        opt: Opt::Keyed,
        long: "keyed",
        util_linux: false,
        applies: ANYTHING,
        standard: Some(Form {
            short: None,
            argument: Argument::None,
            metavar: "",
            help: "-M, -Q and -S take keys (first argument only)",
            man: "Must be the first argument: read the rest of the line by the keyed grammar, \
                  with the options under KEYED OPTIONS.",
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
        applies: ANYTHING,
        standard: None,
        keyed: Some(Form {
            short: Some(b'p'),
            // A size with -M and -Q, ignored with -S: read once the resource is known.
            argument: Argument::Unread,
            metavar: "<size>",
            help: "bytes of the segment, or msg_qbytes of the queue",
            man: "Bytes of the segment, or bytes that a new queue may hold (msg_qbytes). \
                  Required with \\fB-M\\fR and \\fB-Q\\fR, ignored with \\fB-S\\fR.",
        }),
    },
    Row {
        opt: Opt::Nsems,
        long: "nsems",
        util_linux: false,
        applies: ANYTHING,
        standard: None,
        keyed: Some(Form {
            short: Some(b's'),
            argument: Argument::Elements,
            metavar: "<nsems>",
            help: "number of semaphores (default 1)",
            man: "Number of semaphores in the set; default 1. Applies to \\fB-S\\fR only.",
        }),
    },
    Row {
        opt: Opt::Optkey,
        long: "",
        util_linux: false,
        applies: ANYTHING,
        standard: None,
        keyed: Some(Form {
            short: Some(b'o'),
            argument: Argument::Key,
            metavar: "<key>",
            help: "this key; accept an existing object",
            man: "Use this key instead. If an object with it exists, print its identifier and leave \
                  it unchanged.",
        }),
    },
];

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
