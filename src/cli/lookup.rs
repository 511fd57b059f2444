//! The option table as the parser needs it: an option by its letter, its long name or an
//! abbreviation of that.

use super::draft::{Draft, small};
use super::options::{ANYTHING, Argument, Grammar, Opt, Opts, TABLE};

/// An option in one grammar, as the parser needs it. The file holds these and not the table, whose
/// texts the compiler has put into help and man page.
#[derive(Clone, Copy)]
pub struct Spec {
    /// What it means.
    pub opt: Opt,
    /// What its argument is.
    pub argument: Argument,
    /// Its letter; 0 if it has none, since no argument holds a NUL.
    short: u8,
    /// Where [`NAMES`] holds its long name, which is empty if it has none.
    start: u8,
    length: u8,
    util_linux: bool,
    /// What it applies to, as [`Opts::first_byte`].
    applies: u8,
}

impl Spec {
    /// No option.
    pub const NONE: &'static Self = &EMPTY;

    /// Whether a line with these options has something that the option applies to.
    #[must_use]
    pub const fn suits(&self, given: Opts) -> bool {
        self.applies == ANYTHING.first_byte() || given.any_of_byte(self.applies)
    }

    /// Its long name, without dashes; empty if it has none.
    #[must_use]
    pub fn long(&self) -> &'static [u8] {
        let (_, names) = NAMES
            .split_at_checked(self.start.into())
            .unwrap_or_default();
        names.get(..self.length.into()).unwrap_or_default()
    }
}

/// The long names, one behind the other: pointers to each would take twice the bytes.
static NAMES: [u8; names::<0>().length] = names::<{ names::<0>().length }>().bytes;

static STANDARD: [Spec; count(Grammar::Standard)] = specs(Grammar::Standard);
static KEYED: [Spec; count(Grammar::Keyed)] = specs(Grammar::Keyed);

const fn of(grammar: Grammar) -> &'static [Spec] {
    match grammar {
        Grammar::Standard => &STANDARD,
        Grammar::Keyed => &KEYED,
    }
}

/// What a long name was found to be.
pub enum Named {
    /// No option has a name that begins like this.
    Unknown,
    /// The name of this option, or an abbreviation of no other.
    One(&'static Spec),
    /// An abbreviation of several options.
    Several,
}

/// Finds the option with this letter, a slice of one byte.
#[must_use]
pub fn by_letter(grammar: Grammar, letter: &[u8]) -> Option<&'static Spec> {
    of(grammar)
        .iter()
        .find(|spec| [spec.short] == letter && spec.short != 0)
}

/// Finds the option of a long name or an abbreviation.
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

/// The options whose long names begin with `name`: util-linux's, or ours if there are none.
pub fn possibilities(grammar: Grammar, name: &[u8]) -> impl Iterator<Item = &'static Spec> {
    let mut theirs = false;
    of(grammar)
        .iter()
        .filter(move |spec| {
            let is_whole = usize::from(spec.length) == name.len();
            // --remove has no abbreviation.
            (is_whole || spec.opt != Opt::Remove)
                && spec.length != 0
                && spec.long().starts_with(name)
        })
        // Theirs are first in the table.
        .take_while(move |spec| {
            theirs |= spec.util_linux;
            spec.util_linux == theirs
        })
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

/// The options that apply to some resources only.
pub const NARROW: Opts = narrow();

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
const fn narrow() -> Opts {
    let mut narrow = Opts::NONE;
    let mut row = 0;
    while row < TABLE.len() {
        if TABLE[row].applies.any(Opts::OBJECTS) {
            narrow = narrow.or(TABLE[row].opt.bit());
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

/// The options of a grammar. It does not compile if two have one letter, if one of util-linux's is
/// behind one of ours, or if a long name begins with a later one or is there twice.
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
                applies: TABLE[row].applies.first_byte(),
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
        "BUG: two options have one letter"
    );
    assert!(
        !spec.util_linux || earlier.util_linux,
        "BUG: an option of util-linux's is behind one of ours"
    );
    let names = names::<{ names::<0>().length }>();
    assert!(
        !begins(&names.bytes, earlier, spec),
        "BUG: an option's long name is there twice, or begins an earlier one"
    );
}

/// Whether the name of `one` begins with that of `other`, which has one.
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
