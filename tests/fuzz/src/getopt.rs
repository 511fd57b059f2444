//! Splits lines into tokens, by ipcmk and by glibc.

use std::ffi::{CString, c_char, c_int};
use std::ptr;
use std::sync::{LazyLock, Mutex};

use ipcmk::cli::getopt::{Getopt, Token};
use ipcmk::cli::mistake::Mistake;
use ipcmk::cli::options::{Argument, Form, Grammar, Opt, Row, TABLE};

/// The tokens of a line. Places are offsets from the line's first byte.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The options from left to right, and the place of the argument of each.
    pub options: Vec<Result<(Opt, Option<usize>), Wrong>>,
    /// The places of the operands, from left to right.
    pub operands: Vec<usize>,
}

/// Why a token is not an option, as far as getopt_long distinguishes.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    UnknownLetter,
    /// Unknown or ambiguous.
    NoName,
    NeedsArgument,
    TakesNone,
}

/// Splits a line with ipcmk.
pub fn ours(words: &[&[u8]], grammar: Grammar, posixly_correct: bool) -> Line {
    let mut line = Line::default();
    let mut getopt = Getopt::new(words.iter().copied(), posixly_correct);
    getopt.restart(grammar);
    while let Some(token) = getopt.next() {
        let option = match token {
            Token::Operand => {
                line.operands.push(getopt.word.at.0);
                continue;
            }
            Token::Option(opt) => {
                let takes_one = getopt.word.argument != Argument::None;
                Ok((opt, takes_one.then_some(getopt.word.at.0)))
            }
            Token::Wrong(Mistake::UnknownLetter) => Err(Wrong::UnknownLetter),
            Token::Wrong(Mistake::UnknownName | Mistake::Ambiguous) => Err(Wrong::NoName),
            Token::Wrong(Mistake::LetterNeedsArgument | Mistake::NameNeedsArgument) => {
                Err(Wrong::NeedsArgument)
            }
            Token::Wrong(Mistake::NameTakesNone) => Err(Wrong::TakesNone),
            Token::Wrong(other) => panic!("getopt says {other:?}"),
        };
        line.options.push(option);
    }
    line
}

// <getopt.h>; the libc crate has it for other systems only.

#[repr(C)]
struct LongOption {
    name: *const c_char,
    has_arg: c_int,
    flag: *mut c_int,
    val: c_int,
}

unsafe extern "C" {
    static mut optind: c_int;
    static mut opterr: c_int;
    static mut optopt: c_int;
    static mut optarg: *mut c_char;
    fn getopt_long(
        argc: c_int,
        argv: *const *mut c_char,
        letters: *const c_char,
        names: *const LongOption,
        index: *mut c_int,
    ) -> c_int;
}

/// Locked while getopt_long is used: its state belongs to the whole process.
static STATE: Mutex<()> = Mutex::new(());

/// The options of a grammar in the form of getopt_long.
struct Table {
    letters: CString,
    /// Ends with an entry of zeros.
    names: Vec<LongOption>,
    grammar: Grammar,
}

// SAFETY: its pointers are to names that are never freed or written to.
unsafe impl Send for Table {}
// SAFETY: as above.
unsafe impl Sync for Table {}

/// For both grammars, without and with POSIXLY_CORRECT.
static TABLES: LazyLock<[[Table; 2]; 2]> = LazyLock::new(|| {
    [Grammar::Standard, Grammar::Keyed].map(|grammar| [false, true].map(|p| Table::new(grammar, p)))
});

/// The value of a long option is this number plus its row; the value of a letter is its byte.
const FIRST_NAME: c_int = 1000;

/// The value of a name that no option has. It begins with --remove, so that every abbreviation of
/// that is ambiguous: the program takes none.
const NO_NAME: c_int = 999;

impl Table {
    fn new(grammar: Grammar, posixly_correct: bool) -> Self {
        // The colon makes getopt_long return `:` for a missing argument.
        let mut letters = if posixly_correct { "+:" } else { ":" }.to_owned();
        let mut names = Vec::new();
        for (index, row) in (FIRST_NAME..).zip(TABLE) {
            let Some(form) = row.form(grammar) else {
                continue;
            };
            // none, required or optional
            let has_arg = match form.argument {
                Argument::None => 0,
                Argument::HugePage => 2,
                _ => 1,
            };
            if let Some(letter) = form.short {
                letters.push(char::from(letter));
                letters.extend((has_arg != 0).then_some(':'));
            }
            names.extend(spellings(row, grammar).map(|name| LongOption {
                name: CString::new(name).expect("no NUL").into_raw(),
                has_arg,
                flag: ptr::null_mut(),
                val: index,
            }));
        }
        names.push(LongOption {
            name: c"remove-".as_ptr(),
            has_arg: 2,
            flag: ptr::null_mut(),
            val: NO_NAME,
        });
        names.push(LongOption {
            name: ptr::null(),
            has_arg: 0,
            flag: ptr::null_mut(),
            val: 0,
        });
        Self {
            letters: CString::new(letters).expect("no NUL"),
            names,
            grammar,
        }
    }

    /// The row and the form of an option, by the value that getopt_long returns.
    fn find(&self, value: c_int) -> (&'static Row, Form) {
        let row = match usize::try_from(value - FIRST_NAME) {
            Ok(index) => &TABLE[index],
            Err(_) => {
                let is_letter = |form: Form| form.short.map(c_int::from) == Some(value);
                let has = |row: &&Row| row.form(self.grammar).is_some_and(is_letter);
                TABLE.iter().find(has).expect("one of the letters")
            }
        };
        (row, row.form(self.grammar).expect("one of the grammar"))
    }
}

/// The names of an option for getopt_long, listed so that util-linux's abbreviations take
/// precedence over ours: the full name, and those abbreviations that are no prefix of another name.
/// For an option of util-linux's, only other names of util-linux's count.
fn spellings(row: &'static Row, grammar: Grammar) -> impl Iterator<Item = &'static str> {
    let begins_another = move |short: &str| {
        let mut others = TABLE
            .iter()
            .filter(|other| other.opt != row.opt && other.form(grammar).is_some());
        let counts =
            |other: &&Row| (other.util_linux || !row.util_linux) && other.opt != Opt::Remove;
        others.any(|other| counts(&other) && other.long.starts_with(short))
    };
    // The full name is not an abbreviation, although another name of ours may begin with it.
    let counts = move |short: &&str| {
        *short == row.long || (row.opt != Opt::Remove && !begins_another(short))
    };
    (1..=row.long.len())
        .map(|length| &row.long[..length])
        .filter(counts)
}

/// Splits a line, whose words are separated by NULs, with glibc's getopt_long.
pub fn glibc(text: &[u8], grammar: Grammar, posixly_correct: bool) -> Line {
    let table = &TABLES[usize::from(grammar == Grammar::Keyed)][usize::from(posixly_correct)];
    let mut line = Line::default();
    let mut program = *b"ipcmk\0";
    // As at exec, the words are one after the other in memory.
    let mut memory = [text, b"\0"].concat();
    let base: *mut c_char = memory.as_mut_ptr().cast();
    let mut argv: Vec<*mut c_char> = vec![program.as_mut_ptr().cast()];
    let mut at = 0;
    for word in crate::argv::words(text) {
        argv.push(base.wrapping_add(at));
        at += word.len() + 1;
    }
    let argc = argv.len();
    argv.push(ptr::null_mut());
    let place = |string: *mut c_char| string.addr() - base.addr();

    let state = STATE.lock().expect("no thread panics while it holds this");
    // SAFETY: only the holder of STATE uses getopt's variables. optind 0 resets the state.
    unsafe {
        optind = 0;
        opterr = 0;
    }
    loop {
        // SAFETY: argv has argc strings and a NULL; the letters are a string; the names end with an
        // entry of zeros; the index pointer is null.
        let value = unsafe {
            getopt_long(
                c_int::try_from(argc).expect("a short line"),
                argv.as_ptr(),
                table.letters.as_ptr(),
                table.names.as_ptr(),
                ptr::null_mut(),
            )
        };
        // SAFETY: only the holder of STATE uses getopt's variables.
        let (argument, culprit, next) = unsafe { (optarg, optopt, optind) };
        const MISSING: c_int = b':' as c_int;
        const WRONG: c_int = b'?' as c_int;
        line.options.push(match (value, culprit) {
            (-1, _) => {
                let operands = &argv[usize::try_from(next).expect("an index")..argc];
                line.operands.extend(operands.iter().copied().map(place));
                break;
            }
            (MISSING, _) => Err(Wrong::NeedsArgument),
            (WRONG, 0) | (NO_NAME, _) => Err(Wrong::NoName),
            (WRONG, FIRST_NAME..) => Err(Wrong::TakesNone),
            (WRONG, _letter) => Err(Wrong::UnknownLetter),
            (value, _) => {
                let (row, form) = table.find(value);
                let has_one = form.argument != Argument::None && !argument.is_null();
                Ok((row.opt, has_one.then(|| place(argument))))
            }
        });
    }
    drop(state);
    line
}
