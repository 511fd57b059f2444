//! What faults reached: which errnos of which calls, which signals, which outputs, however often. The file
//! `tests/faults.txt` has what all faults reach, by place, as [`Reach`] prints it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::attempt::Observed;
use super::fault::{Fault, What, describe, signal_name};
use super::stdout::Stdout;
use crate::errno;

/// What was reached: by what it is, which ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach(BTreeMap<String, BTreeSet<String>>);

/// Stands for every errno there is.
const EVERY_ERRNO: &str = "every errno";

impl Reach {
    fn insert(&mut self, what: impl Into<String>, which: impl Into<String>) {
        self.0.entry(what.into()).or_default().insert(which.into());
    }

    /// Counts in what a run met.
    pub fn add(&mut self, stdout: &Stdout, observed: &Observed, faults: &[Fault]) {
        match stdout {
            _ if !faults.is_empty() => {}
            Stdout::Limited(_) => self.insert("stdout", "a file at RLIMIT_FSIZE"),
            other => self.insert("stdout", other.to_string()),
        }
        for &(number, call) in &observed.met {
            let call = describe(&observed.calls[call]);
            match faults[number].what {
                What::Errno(errno) => self.insert(call, errno::name(errno)),
                What::Length(_) => self.insert("short", call),
                What::SignalBefore(signal) => {
                    self.insert("signal before a call", signal_name(signal))
                }
                What::SignalAfter(signal) => {
                    self.insert("signal after a call", signal_name(signal))
                }
                What::SignalAtStart(_) => {}
            }
        }
        for fault in faults {
            if let What::SignalAtStart(signal) = fault.what {
                self.insert("signal at the start", signal_name(signal));
            }
        }
    }

    /// Adds what others have reached.
    pub fn merge(&mut self, other: Self) {
        for (what, which) in other.0 {
            self.0.entry(what).or_default().extend(which);
        }
    }

    /// Reads what is listed for a place.
    ///
    /// # Errors
    /// Where nothing is, or a line is none.
    pub fn listed(list: &str, place: &str) -> Result<Self, String> {
        let mut reach = Self::default();
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            let parts = line.split_once(": ").and_then(|(of, which)| {
                let (place, what) = of.split_once(' ')?;
                Some((place, what, which))
            });
            let (of, what, which) = parts.ok_or_else(|| format!("no such line: {line}"))?;
            if of != place {
                continue;
            }
            for which in which.split("; ") {
                match which {
                    EVERY_ERRNO => every_errno().for_each(|name| reach.insert(what, name)),
                    _ => reach.insert(what, which),
                }
            }
        }
        if reach.0.is_empty() {
            return Err(format!("nothing is listed for {place}"));
        }
        Ok(reach)
    }

    /// Writes it as the list has it.
    pub fn lines(&self, place: &str) -> Vec<String> {
        let every: BTreeSet<String> = every_errno().collect();
        let line = |(what, which): (&String, &BTreeSet<String>)| {
            let which = if *which == every {
                EVERY_ERRNO.to_owned()
            } else {
                Vec::from_iter(which.iter().map(String::as_str)).join("; ")
            };
            format!("{place} {what}: {which}")
        };
        self.0.iter().map(line).collect()
    }

    /// What is here and not there.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let none = BTreeSet::new();
        let rest = |(what, which): (&String, &BTreeSet<String>)| {
            let there = other.0.get(what).unwrap_or(&none);
            let rest: BTreeSet<String> = which.difference(there).cloned().collect();
            (!rest.is_empty()).then(|| (what.clone(), rest))
        };
        Self(self.0.iter().filter_map(rest).collect())
    }

    /// What is here, and nothing of its kind there: of a call that no errno is listed of.
    #[must_use]
    pub fn unknown_to(mut self, other: &Self) -> Self {
        self.0.retain(|what, _| !other.0.contains_key(what));
        self
    }

    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn every_errno() -> impl Iterator<Item = String> {
    (1..=errno::LARGEST).map(errno::name)
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, which) in &self.0 {
            let which: Vec<&str> = which.iter().map(String::as_str).collect();
            writeln!(f, "  {what}: {}", which.join("; "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(pairs: &[(&str, &str)]) -> Reach {
        let mut reach = Reach::default();
        for (what, which) in pairs {
            reach.insert(*what, *which);
        }
        reach
    }

    #[test]
    fn a_list_holds_what_was_reached() {
        let mut all = reach(&[
            ("close", "EIO"),
            ("close", "EBADF"),
            ("stdout", "a pipe, INT"),
        ]);
        every_errno().for_each(|name| all.insert("msgctl IPC_SET", name));
        let lines = all.lines("native");
        assert_eq!(
            lines,
            [
                "native close: EBADF; EIO",
                "native msgctl IPC_SET: every errno",
                "native stdout: a pipe, INT"
            ]
        );
        let list = format!("# What.\nkernel close: EXDEV\n{}\n", lines.join("\n"));
        assert_eq!(Reach::listed(&list, "native"), Ok(all.clone()));
        assert_eq!(
            Reach::listed(&list, "kernel"),
            Ok(reach(&[("close", "EXDEV")]))
        );
        assert!(Reach::listed(&list, "nowhere").is_err());
        assert!(Reach::listed("native\n", "native").is_err());
        let fewer = reach(&[("close", "EIO"), ("stdout", "a pipe, INT"), ("read", "EIO")]);
        assert_eq!(fewer.without(&all), reach(&[("read", "EIO")]));
        assert_eq!(all.without(&fewer).lines("x").len(), 2);
        assert!(fewer.without(&fewer).is_empty());
        let more = reach(&[("close", "EXDEV"), ("read", "EIO")]);
        assert_eq!(more.unknown_to(&all), reach(&[("read", "EIO")]));
    }
}
