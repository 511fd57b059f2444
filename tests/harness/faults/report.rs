//! Counts what was tried, and the results.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;
use std::ops::AddAssign;

use super::attempt::Observed;
use super::fault::{Fault, What, describe, signal_name};
use super::reach::Reach;
use super::stdout::Stdout;
use super::verdict::{Ending, Verdict};

/// Counts of runs and of the objects that they left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    faults: u64,
    success: u64,
    failure: u64,
    refused: u64,
    died: u64,
    wrong: u64,
    named: u64,
    untold: u64,
    orphaned: u64,
    lost: u64,
    half_made: u64,
    closed: u64,
    changed: u64,
}

impl Row {
    fn of(verdict: &Verdict) -> Self {
        let count = |ending| u64::from(verdict.ending == ending);
        Self {
            faults: 1,
            success: count(Ending::Success),
            failure: count(Ending::Failure),
            refused: count(Ending::Refused),
            died: count(Ending::Early) + count(Ending::Killed),
            wrong: count(Ending::Wrong),
            named: verdict.named as u64,
            untold: verdict.untold as u64,
            orphaned: verdict.orphaned as u64,
            lost: verdict.lost as u64,
            half_made: verdict.half_made as u64,
            closed: verdict.closed as u64,
            changed: verdict.changed as u64,
        }
    }
}

impl AddAssign for Row {
    fn add_assign(&mut self, other: Self) {
        self.faults += other.faults;
        self.success += other.success;
        self.failure += other.failure;
        self.refused += other.refused;
        self.died += other.died;
        self.wrong += other.wrong;
        self.named += other.named;
        self.untold += other.untold;
        self.orphaned += other.orphaned;
        self.lost += other.lost;
        self.half_made += other.half_made;
        self.closed += other.closed;
        self.changed += other.changed;
    }
}

impl Sum for Row {
    fn sum<I: Iterator<Item = Self>>(rows: I) -> Self {
        rows.fold(Self::default(), |mut sum, row| {
            sum += row;
            sum
        })
    }
}

/// The counts of all runs.
#[derive(Debug, Default)]
pub struct Report {
    /// Each run once; `faults` is the number of runs.
    runs: Row,
    /// By call and errno.
    errnos: BTreeMap<(String, i32), Row>,
    /// Shortened writes.
    lengths: BTreeMap<String, Row>,
    /// By signal.
    signals: BTreeMap<String, Row>,
    /// By standard output, for runs whose only fault it is.
    outputs: BTreeMap<String, Row>,
    /// What the faults have reached.
    reach: Reach,
}

impl Report {
    /// Counts a run.
    pub fn add(
        &mut self,
        stdout: &Stdout,
        observed: &Observed,
        faults: &[Fault],
        verdict: &Verdict,
    ) {
        let row = Row::of(verdict);
        self.runs += row;
        self.reach.add(stdout, observed, faults);
        if faults.is_empty() {
            let output = match stdout {
                Stdout::Limited(_) => "a file at RLIMIT_FSIZE".to_owned(),
                other => other.to_string(),
            };
            *self.outputs.entry(output).or_default() += row;
        }
        for (number, fault) in faults.iter().enumerate() {
            let first = observed.met.iter().find(|met| met.0 == number);
            let call = match first {
                Some(&(_, call)) => describe(&observed.calls[call]),
                None if matches!(fault.what, What::SignalAtStart(_)) => String::new(),
                None => continue,
            };
            let place = match fault.what {
                What::Errno(errno) => self.errnos.entry((call, errno)).or_default(),
                What::Length(_) => self.lengths.entry(call).or_default(),
                What::SignalAtStart(signal)
                | What::SignalBefore(signal)
                | What::SignalAfter(signal) => self.signals.entry(signal_name(signal)).or_default(),
            };
            *place += row;
        }
    }

    /// Adds the counts of other runs.
    pub fn merge(&mut self, other: Self) {
        fn merge<K: Ord>(into: &mut BTreeMap<K, Row>, from: BTreeMap<K, Row>) {
            for (key, row) in from {
                *into.entry(key).or_default() += row;
            }
        }
        self.runs += other.runs;
        merge(&mut self.errnos, other.errnos);
        merge(&mut self.lengths, other.lengths);
        merge(&mut self.signals, other.signals);
        merge(&mut self.outputs, other.outputs);
        self.reach.merge(other.reach);
    }

    /// What the faults have reached.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Number of faults that met a run, by kind; an output that refuses a write is one.
    fn faults(&self) -> u64 {
        let errnos = self.errnos.values().map(|row| row.faults).sum::<u64>();
        let others = [&self.lengths, &self.signals, &self.outputs];
        errnos
            + others
                .iter()
                .flat_map(|rows| rows.values())
                .map(|row| row.faults)
                .sum::<u64>()
    }

    /// The rows of errnos, by call.
    fn calls(&self) -> BTreeMap<&str, Vec<(i32, Row)>> {
        let mut calls: BTreeMap<&str, Vec<(i32, Row)>> = BTreeMap::new();
        for ((call, errno), row) in &self.errnos {
            calls.entry(call).or_default().push((*errno, *row));
        }
        calls
    }

    /// The last line of the report, which summarises it.
    pub fn summary(&self) -> String {
        let Row {
            faults: runs,
            lost,
            named,
            untold,
            orphaned,
            half_made,
            closed,
            changed,
            ..
        } = self.runs;
        format!(
            "{} faults in {runs} runs; objects lost: {lost}; half-made: {half_made}; existing ones changed: \
             {changed}; left behind after their removal was refused: {named} named, {untold} while standard \
             error failed too; left whole by SIGKILL: {orphaned}, and queues without their owner or all of their mode, and files under another name: \
             {closed}",
            self.faults()
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:54}", "fault")?;
        for column in [
            "faults", "exit 0", "exit 1", "trap", "killed", "wrong", "named", "untold", "orphans",
            "closed", "LOST", "HALF", "CHANGED",
        ] {
            write!(f, " {column:>7}")?;
        }
        writeln!(f)?;
        let calls = self.calls();
        for (call, rows) in &calls {
            let sum = rows.iter().map(|row| row.1).sum();
            line(f, &format!("{call}: {} errnos", rows.len()), sum)?;
        }
        for (call, row) in &self.lengths {
            line(f, &format!("{call}: short"), *row)?;
        }
        for (signal, row) in &self.signals {
            line(f, &format!("signal {signal}"), *row)?;
        }
        for (output, row) in &self.outputs {
            line(f, output, *row)?;
        }
        line(f, "runs in all", self.runs)?;
        writeln!(f, "A run with two faults counts in the row of each.")
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, row: Row) -> fmt::Result {
    write!(f, "{name:54}")?;
    for count in [
        row.faults,
        row.success,
        row.failure,
        row.refused,
        row.died,
        row.wrong,
        row.named,
        row.untold,
        row.orphaned,
        row.closed,
        row.lost,
        row.half_made,
        row.changed,
    ] {
        write!(f, " {count:>7}")?;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracer::Syscall;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn observed(met: Vec<(usize, usize)>) -> Observed {
        Observed {
            stdout: Vec::new(),
            stderr: Vec::new(),
            status: ExitStatus::from_raw(0),
            calls: vec![Syscall {
                name: "msgget",
                args: [0; 6],
                result: None,
            }],
            met,
            removals: Vec::new(),
            others: Vec::new(),
            gone: Vec::new(),
        }
    }

    fn verdict(lost: usize) -> Verdict {
        Verdict {
            ending: Ending::Failure,
            named: 0,
            untold: 0,
            orphaned: 0,
            lost,
            half_made: 5 * lost,
            closed: 7 * lost,
            changed: 9 * lost,
            complaints: Vec::new(),
        }
    }

    #[test]
    fn what_is_tried_and_lost_is_counted() {
        let mut report = Report::default();
        let fault = |errno| [Fault::once(0, What::Errno(errno))];
        let pipe = &Stdout::Pipe;
        report.add(pipe, &observed(vec![]), &[], &verdict(0));
        report.add(
            pipe,
            &observed(vec![(0, 0)]),
            &fault(libc::EPERM),
            &verdict(2),
        );
        let mut other = Report::default();
        other.add(
            pipe,
            &observed(vec![(0, 0)]),
            &fault(libc::EIO),
            &verdict(1),
        );
        // The run made no call that the fault could meet.
        other.add(pipe, &observed(vec![]), &fault(libc::EIO), &verdict(0));
        report.merge(other);
        let summary = report.summary();
        assert!(
            summary.starts_with(
                "3 faults in 4 runs; objects lost: 3; half-made: 15; existing ones changed: 27;"
            ),
            "{summary}"
        );
        let text = report.to_string();
        let row = "msgget: 2 errnos                                             2       0       2       0       0       0       0       0       0      21       3      15      27";
        assert!(text.lines().any(|line| line == row), "{text}");
        let reached = "  msgget: EIO; EPERM\n  stdout: a pipe\n";
        assert_eq!(report.reach().to_string(), reached);
    }
}
