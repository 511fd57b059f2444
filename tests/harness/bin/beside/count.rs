//! Counts lines by kind, and their results.

use std::fmt;

use crate::Compared;
use crate::line::{KINDS, Kind};

/// Most seeds that a report shows.
const MOST_SEEDS: usize = 10;

/// Lines of one kind.
#[derive(Clone, Copy, Default)]
struct Lines {
    all: usize,
    accepted: usize,
}

/// The lines so far.
#[derive(Default)]
pub struct Count {
    all: Lines,
    kinds: [Lines; KINDS.len()],
    /// The seeds of lines on which the two files made different system calls.
    other_calls: Vec<u64>,
}

impl Count {
    /// Adds a line.
    pub fn add(&mut self, seed: u64, compared: &Compared) {
        let kinds = Kind::all_of(&compared.case);
        let rows = KINDS.iter().zip(&mut self.kinds);
        let rows = rows.filter(|(kind, _)| kinds.contains(kind));
        for lines in rows.map(|row| row.1).chain([&mut self.all]) {
            lines.all += 1;
            lines.accepted += usize::from(compared.accepted);
        }
        if compared.calls.is_some() {
            self.other_calls.push(seed);
        }
    }

    /// Whether a third of all lines is accepted, and each kind has its share of the lines, of which
    /// some are accepted and some are not: lines that are all alike would prove nothing. An
    /// emulator refuses no call.
    pub fn is_fair(&self, is_emulated: bool) -> bool {
        let kinds = KINDS.iter().zip(&self.kinds);
        let kinds = kinds.filter(|(kind, _)| !(is_emulated && **kind == Kind::Refused));
        let is_fair = |(kind, lines): (&Kind, &Lines)| {
            let (refused, share) = (lines.all - lines.accepted, kind.least_share());
            let is_mixed = lines.accepted * 5 >= lines.all && refused * 20 >= lines.all;
            lines.all * 100 >= self.all.all * share && (is_mixed || !kind.is_mixed())
        };
        self.all.accepted * 3 >= self.all.all && kinds.into_iter().all(is_fair)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, name: &str, lines: &Lines| {
            let Lines { all, accepted } = *lines;
            writeln!(
                f,
                "{name:<24} {all:>8} {accepted:>10} {:>8}",
                all - accepted
            )
        };
        writeln!(
            f,
            "{:<24} {:>8} {:>10} {:>8}",
            "", "lines", "accepted", "refused"
        )?;
        row(f, "all", &self.all)?;
        for (kind, lines) in KINDS.iter().zip(&self.kinds) {
            row(f, kind.name(), lines)?;
        }
        write!(f, "with other system calls: {}", self.other_calls.len())?;
        let mut seeds = self.other_calls.iter().take(MOST_SEEDS);
        seeds.try_for_each(|seed| write!(f, ", seed {seed}"))?;
        writeln!(f)
    }
}
