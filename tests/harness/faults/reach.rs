//! Records what faults have reached, however often: errnos by call, signals, outputs. Computes what
//! a sample must reach.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::attempt::Observed;
use super::fault::{Fault, What, describe, signal_name};
use super::sample::Place;
use super::stdout::Stdout;
use super::{Plan, waits};
use crate::errno;

/// What was reached: by call or kind, which errnos, signals or outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach(BTreeMap<String, BTreeSet<String>>);

/// Kinds besides the calls: short writes, signals, outputs.
const SHORT: &str = "short";
const AT_START: &str = "signal at the start";
const BEFORE: &str = "signal before a call";
const AFTER: &str = "signal after a call";
const AT_FSIZE: &str = "a file at RLIMIT_FSIZE";

impl Reach {
    fn insert(&mut self, what: impl Into<String>, which: impl Into<String>) {
        self.0.entry(what.into()).or_default().insert(which.into());
    }

    /// Adds what a run has reached.
    pub fn add(&mut self, stdout: &Stdout, observed: &Observed, faults: &[Fault]) {
        match stdout {
            _ if !faults.is_empty() => {}
            Stdout::Limited(_) => self.insert("stdout", AT_FSIZE),
            other => self.insert("stdout", other.to_string()),
        }
        for &(number, call) in &observed.met {
            let call = describe(&observed.calls[call]);
            match faults[number].what {
                What::Errno(errno) => self.insert(call, errno::name(errno)),
                What::Length(_) => self.insert(SHORT, call),
                What::SignalBefore(signal) => self.insert(BEFORE, signal_name(signal)),
                What::SignalAfter(signal) => self.insert(AFTER, signal_name(signal)),
                What::SignalAtStart(_) => {}
            }
        }
        for fault in faults {
            if let What::SignalAtStart(signal) = fault.what {
                self.insert(AT_START, signal_name(signal));
            }
        }
    }

    /// Adds what other runs have reached.
    pub fn merge(&mut self, other: Self) {
        for (what, which) in other.0 {
            self.0.entry(what).or_default().extend(which);
        }
    }

    /// Adds what all trials of a plan together must reach.
    pub fn add_plan(&mut self, plan: &Plan, signals: &[i32]) {
        match plan {
            Plan::Errnos(stdout) => self.insert("stdout", stdout.to_string()),
            Plan::Signals(stdout) => {
                self.insert("stdout", stdout.to_string());
                for &signal in signals {
                    for when in [AT_START, BEFORE, AFTER] {
                        self.insert(when, signal_name(signal));
                    }
                }
            }
            Plan::FileSize => self.insert("stdout", AT_FSIZE),
            Plan::Waits => {
                let stuffed = |pipe| Stdout::Stuffed(pipe).to_string();
                let pipes = waits().into_iter().map(stuffed);
                pipes.for_each(|pipe| self.insert("stdout", pipe));
            }
            Plan::Lengths => {}
        }
    }

    /// Adds what a place of a run without a fault must reach: each of its errnos, at this place or
    /// at another one of the same call.
    pub fn add_place(&mut self, place: &Place) {
        for &errno in &place.errnos {
            self.insert(&place.call, errno::name(errno));
        }
        if place.call.starts_with("write ") {
            self.insert(SHORT, &place.call);
        }
    }

    /// What is in `self` and not in the other.
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

    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
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
    fn what_a_sample_misses_is_seen() {
        let mut required = Reach::default();
        required.add_place(&Place {
            call: "write to 1".to_owned(),
            errnos: vec![libc::EIO, libc::EPIPE],
        });
        required.add_plan(&Plan::Signals(Stdout::Pipe), &[libc::SIGTERM]);
        let reached = reach(&[
            ("write to 1", "EIO"),
            ("write to 1", "EBADF"),
            (SHORT, "write to 1"),
            (AT_START, "TERM"),
            (AFTER, "TERM"),
            ("stdout", "a pipe"),
        ]);
        let missed = reach(&[("write to 1", "EPIPE"), (BEFORE, "TERM")]);
        assert_eq!(required.without(&reached), missed);
        assert!(required.without(&required).is_empty());
        required.add_plan(&Plan::Waits, &[]);
        assert!(required.without(&reached).to_string().lines().count() == 3);
    }
}
