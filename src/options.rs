//! The one table of options. The parser, the help text, the man page and the
//! completions are all made from it.

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
pub enum Opt {
    /// System V shared memory.
    Shmem,
    /// POSIX shared memory.
    PosixShmem,
    /// System V semaphores.
    Semaphore,
    /// POSIX semaphore.
    PosixSemaphore,
    /// System V message queue.
    Queue,
    /// POSIX message queue.
    PosixMqueue,
    /// Permissions.
    Mode,
    /// Name of the POSIX objects.
    Name,
    /// Bytes of a keyed segment or queue.
    Size,
    /// Semaphores of a keyed set.
    Nsems,
    /// Key whose object may exist already.
    Optkey,
    /// The line is in the keyed grammar.
    Keyed,
    /// Print the version.
    Version,
    /// Print the help text.
    Help,
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
    /// A number of semaphores.
    Elements,
    /// Permissions.
    Mode,
    /// A key.
    Key,
}

/// How an option looks in one grammar, and what it says of itself there.
#[derive(Clone, Copy)]
pub struct Form {
    /// Its letter, where it has one.
    pub short: Option<u8>,
    /// What its argument is.
    pub argument: Argument,
    /// What the help text calls the argument.
    pub metavar: &'static str,
    /// Its line of the help text.
    pub help: &'static str,
    /// Its paragraph of the man page, in roff.
    pub man: &'static str,
}

/// An option.
pub struct Row {
    /// What it means.
    pub opt: Opt,
    /// Its long name, without dashes; empty if it has none.
    pub long: &'static str,
    /// Whether util-linux has that name: those go first among abbreviations.
    pub util_linux: bool,
    /// Its form in the standard grammar.
    pub standard: Option<Form>,
    /// Its form in the keyed grammar.
    pub keyed: Option<Form>,
}

/// Every option: util-linux's in the order of its own table, which an
/// ambiguity's list shows, then ours.
pub const TABLE: &[Row] = &[
    Row {
        opt: Opt::Shmem,
        long: "shmem",
        util_linux: true,
        standard: Some(Form {
            short: Some(b'M'),
            argument: Argument::Size,
            metavar: "size",
            help: "shared memory segment of <size> bytes",
            man: "Create a System V shared memory segment of \\fIsize\\fR bytes.",
        }),
        keyed: Some(Form {
            short: Some(b'M'),
            argument: Argument::Key,
            metavar: "key",
            help: "",
            man: "Create a System V shared memory segment with this key. Needs \\fB-p\\fR.",
        }),
    },
    Row {
        opt: Opt::PosixShmem,
        long: "posix-shmem",
        util_linux: true,
        standard: Some(Form {
            short: Some(b'm'),
            argument: Argument::Size,
            metavar: "size",
            help: "not supported yet",
            man: "POSIX shared memory object of \\fIsize\\fR bytes. Not supported yet: an error.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Semaphore,
        long: "semaphore",
        util_linux: true,
        standard: Some(Form {
            short: Some(b'S'),
            argument: Argument::Elements,
            metavar: "number",
            help: "set of <number> semaphores",
            man: "Create a System V semaphore set of \\fInumber\\fR semaphores.",
        }),
        keyed: Some(Form {
            short: Some(b'S'),
            argument: Argument::Key,
            metavar: "key",
            help: "",
            man: "Create a System V semaphore set with this key.",
        }),
    },
    Row {
        opt: Opt::PosixSemaphore,
        long: "posix-semaphore",
        util_linux: true,
        standard: Some(Form {
            short: Some(b's'),
            argument: Argument::None,
            metavar: "",
            help: "not supported yet",
            man: "POSIX named semaphore. Not supported yet: an error.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Queue,
        long: "queue",
        util_linux: true,
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
            metavar: "key",
            help: "",
            man: "Create a System V message queue with this key. Needs \\fB-p\\fR.",
        }),
    },
    Row {
        opt: Opt::PosixMqueue,
        long: "posix-mqueue",
        util_linux: true,
        standard: Some(Form {
            short: Some(b'q'),
            argument: Argument::None,
            metavar: "",
            help: "not supported yet",
            man: "POSIX message queue. Not supported yet: an error.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Mode,
        long: "mode",
        util_linux: true,
        standard: Some(Form {
            short: Some(b'p'),
            argument: Argument::Mode,
            metavar: "mode",
            help: "permissions, octal (default 0644)",
            man: "Permissions in octal, 0 to 0777; default 0644. The umask plays no part.",
        }),
        keyed: Some(Form {
            short: None,
            argument: Argument::Mode,
            metavar: "mode",
            help: "permissions, octal (default 0666)",
            man: "Permissions in octal, 0 to 0777; default here 0666.",
        }),
    },
    Row {
        opt: Opt::Name,
        long: "name",
        util_linux: true,
        standard: Some(Form {
            short: Some(b'n'),
            argument: Argument::Text,
            metavar: "name",
            help: "name of the POSIX object",
            man: "Name of the POSIX object: needed with \\fB-m\\fR, \\fB-q\\fR and \\fB-s\\fR, \
                  without meaning for the others.",
        }),
        keyed: None,
    },
    Row {
        opt: Opt::Version,
        long: "version",
        util_linux: true,
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
    Row {
        opt: Opt::Keyed,
        long: "keyed",
        util_linux: false,
        standard: Some(Form {
            short: None,
            argument: Argument::None,
            metavar: "",
            help: "as the first argument: read the line by keys",
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
        standard: None,
        keyed: Some(Form {
            short: Some(b'p'),
            // Ignored with -S: read once the resource is known.
            argument: Argument::Text,
            metavar: "size",
            help: "bytes of the segment, or msg_qbytes of the queue",
            man: "Bytes of the segment, or what a new queue may hold (msg_qbytes). \
                  Required with \\fB-M\\fR and \\fB-Q\\fR, ignored with \\fB-S\\fR.",
        }),
    },
    Row {
        opt: Opt::Nsems,
        long: "nsems",
        util_linux: false,
        standard: None,
        keyed: Some(Form {
            short: Some(b's'),
            argument: Argument::Elements,
            metavar: "nsems",
            help: "number of semaphores (default 1)",
            man: "Number of semaphores in the set; default 1. Goes with \\fB-S\\fR only.",
        }),
    },
    Row {
        opt: Opt::Optkey,
        long: "",
        util_linux: false,
        standard: None,
        keyed: Some(Form {
            short: Some(b'o'),
            argument: Argument::Key,
            metavar: "key",
            help: "use this key; an object that has it will do",
            man: "Use this key instead, and print the id of the object that has it, if there is \
                  one; that object stays as it is.",
        }),
    },
];

/// What the parser needs of a row. The texts stay out of the running program.
#[derive(Clone, Copy)]
pub struct Spec {
    /// What it means.
    pub opt: Opt,
    /// Its long name, without dashes; empty if it has none.
    pub long: &'static str,
    util_linux: bool,
    standard: Option<Shape>,
    keyed: Option<Shape>,
}

/// A [`Form`] without its texts; short 0 is no letter.
#[derive(Clone, Copy)]
struct Shape {
    short: u8,
    argument: Argument,
}

static SPECS: [Spec; TABLE.len()] = specs();

/// A match for a long option.
pub enum Named {
    /// No option has a name that begins like this.
    Unknown,
    /// This one, in full or by an abbreviation of it alone.
    One(&'static Spec),
    /// Several: an ambiguity.
    Several,
}

impl Spec {
    const fn shape(&self, grammar: Grammar) -> Option<Shape> {
        match grammar {
            Grammar::Standard => self.standard,
            Grammar::Keyed => self.keyed,
        }
    }

    /// Its argument in this grammar.
    #[must_use]
    pub fn argument(&self, grammar: Grammar) -> Argument {
        self.shape(grammar)
            .map_or(Argument::None, |shape| shape.argument)
    }
}

/// The option with this letter, a slice of one byte.
#[must_use]
pub fn by_letter(grammar: Grammar, letter: &[u8]) -> Option<&'static Spec> {
    options(grammar).find(|spec| {
        spec.shape(grammar)
            .is_some_and(|shape| [shape.short] == letter && shape.short != 0)
    })
}

/// The option that a long name or its abbreviation stands for.
#[must_use]
#[inline(never)]
pub fn by_name(grammar: Grammar, name: &[u8]) -> Named {
    let mut named = Named::Unknown;
    for spec in possibilities(grammar, name) {
        if spec.long.len() == name.len() {
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
    options(grammar)
        .filter(move |spec| !spec.long.is_empty() && spec.long.as_bytes().starts_with(name))
        // Theirs stand first in the table.
        .take_while(move |spec| {
            theirs |= spec.util_linux;
            spec.util_linux == theirs
        })
}

fn options(grammar: Grammar) -> impl Iterator<Item = &'static Spec> {
    SPECS
        .iter()
        .filter(move |spec| spec.shape(grammar).is_some())
}

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
const fn specs() -> [Spec; TABLE.len()] {
    const fn shape(form: &Option<Form>) -> Option<Shape> {
        match form {
            Some(form) => Some(Shape {
                short: match form.short {
                    Some(letter) => letter,
                    None => 0,
                },
                argument: form.argument,
            }),
            None => None,
        }
    }
    let mut specs = [Spec {
        opt: Opt::Help,
        long: "",
        util_linux: false,
        standard: None,
        keyed: None,
    }; TABLE.len()];
    let mut i = 0;
    while i < TABLE.len() {
        specs[i] = Spec {
            opt: TABLE[i].opt,
            long: TABLE[i].long,
            util_linux: TABLE[i].util_linux,
            standard: shape(&TABLE[i].standard),
            keyed: shape(&TABLE[i].keyed),
        };
        i += 1;
    }
    specs
}

/// Two rows with one letter in one grammar, or with one long name, do not
/// compile; nor does a row of util-linux's behind one of ours, or one of ours
/// whose name is the beginning of one of theirs.
#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
const _: () = {
    const fn same_letter(a: &Option<Shape>, b: &Option<Shape>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => a.short != 0 && a.short == b.short,
            _ => false,
        }
    }
    const fn begins(a: &[u8], b: &[u8]) -> bool {
        let mut i = 0;
        while i < a.len() && i < b.len() && a[i] == b[i] {
            i += 1;
        }
        i == b.len() && i != 0
    }
    let specs = specs();
    let mut i = 0;
    while i < specs.len() {
        let mut j = 0;
        while j < i {
            let (a, b) = (&specs[i], &specs[j]);
            assert!(
                !a.util_linux || b.util_linux,
                "a row of util-linux's stands behind ours"
            );
            let (long, earlier) = (a.long.as_bytes(), b.long.as_bytes());
            assert!(
                !begins(earlier, long),
                "a long name begins an earlier one, or is the same"
            );
            assert!(
                !same_letter(&a.standard, &b.standard),
                "a standard letter stands twice"
            );
            assert!(
                !same_letter(&a.keyed, &b.keyed),
                "a keyed letter stands twice"
            );
            j += 1;
        }
        i += 1;
    }
};
