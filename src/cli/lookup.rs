//! The option table as the parser needs it: an option by its letter, its long name or an
//! abbreviation of that.

use super::draft::{Draft, small};
use super::options::{ANYTHING, Argument, Grammar, Opt, Opts, TABLE};

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
    /// What it applies to, as [`Opts::first_byte`].
    applies: u8,
}

impl Spec {
    /// Of no option.
    pub const NONE: &'static Self = &EMPTY;

    /// Whether what the option applies to is on a line with these options.
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

/// The long names in a row: in pointers they would take twice the room.
static NAMES: [u8; names::<0>().length] = names::<{ names::<0>().length }>().bytes;

static STANDARD: [Spec; count(Grammar::Standard)] = specs(Grammar::Standard);
static KEYED: [Spec; count(Grammar::Keyed)] = specs(Grammar::Keyed);

const fn of(grammar: Grammar) -> &'static [Spec] {
    match grammar {
        Grammar::Standard => &STANDARD,
        Grammar::Keyed => &KEYED,
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
    of(grammar)
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
    of(grammar)
        .iter()
        .filter(move |spec| spec.length != 0 && spec.long().starts_with(name))
        // Theirs stand first in the table.
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

/// The options that do not apply to everything.
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
