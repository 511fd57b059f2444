//! The answers to --help and --version. The compiler makes the help text of the table of options.

use crate::cli::draft::Draft;
use crate::cli::options::{Form, Grammar, Row, TABLE};

/// The answer to --version, in util-linux's layout.
pub const VERSION: &str = concat!(
    "ipcmk from ",
    env!("CARGO_PKG_NAME"),
    " ",
    env!("CARGO_PKG_VERSION"),
    "\n"
);

/// The answer to --help, in util-linux's layout.
pub const HELP: &str = match str::from_utf8(&HELP_BYTES) {
    Ok(help) => help,
    Err(_) => panic!("it is made of strings"),
};

const HELP_BYTES: [u8; help::<0>().length] = help::<{ help::<0>().length }>().bytes;

/// Column of the help text in which the descriptions begin.
const COLUMN: usize = 26;

impl<const N: usize> Draft<N> {
    /// ` -M, --shmem <size>       create ...`
    const fn option(mut self, row: &Row, form: &Form) -> Self {
        let start = self.length;
        self = match form.short {
            Some(letter) => self.put(" -").byte(letter),
            None => self.put("    "),
        };
        if !row.long.is_empty() {
            self = match form.short {
                Some(_) => self.put(", --").put(row.long),
                None => self.put(" --").put(row.long),
            };
        }
        self = match form.metavar.as_bytes() {
            // It belongs to the name.
            [] | [b'[', ..] => self.put(form.metavar),
            _ => self.put(" ").put(form.metavar),
        };
        self = self.put(" ");
        while self.length < start + COLUMN {
            self = self.put(" ");
        }
        self.put(form.help).put("\n")
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "runs in the compiler, which reports a bad index"
    )]
    const fn options(mut self, grammar: Grammar) -> Self {
        let mut i = 0;
        while i < TABLE.len() {
            if let Some(form) = TABLE[i].form(grammar)
                && !form.help.is_empty()
            {
                self = self.option(&TABLE[i], &form);
            }
            i += 1;
        }
        self
    }
}

const fn help<const N: usize>() -> Draft<N> {
    Draft::EMPTY
        .put("\nUsage:\n ipcmk [options]\n ipcmk --keyed [options]\n")
        .put("\nCreate System V and POSIX IPC objects.\n")
        .put("\nOptions:\n")
        .options(Grammar::Standard)
        .put("\nWith --keyed, beside one of -M, -Q and -S <key>:\n")
        .options(Grammar::Keyed)
        .put("\nA <size> may end with K or KiB ... Y (powers of 1024) or KB ... YB (of 1000).\n")
        .put("A <key> is decimal, octal (0), hexadecimal (0x) or \"private\".\n")
        .put("\nFor more details see ipcmk(1).\n")
}
