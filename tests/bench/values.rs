//! Measures first values: `ipcmk -S 32000 --value 7`, and the C program, with one SETALL of as
//! many. Each run has its own IPC namespace, in which the set must have its values afterwards.

use std::io;
use std::process::Command;
use std::time::Duration;

use ipcmk_tests::namespace;

use crate::growth::Programs;
use crate::report::Report;
use crate::{Extent, measure, quartile, rounded, silent, take_turns};

const SEMAPHORES: usize = 32_000;
const VALUE: u16 = 7;
const ROUNDS: usize = 500;
/// Bar: the time of ipcmk, divided by that of the C program.
const MAX_TIMES_C: f64 = 3.0;

/// Adds the bar to a report.
pub fn judge(programs: &Programs<'_>, extent: Extent, report: &mut Report) -> io::Result<()> {
    let (semaphores, value) = (SEMAPHORES.to_string(), VALUE.to_string());
    let mut ipcmk = silent(programs.ours);
    ipcmk.args(["-S", &semaphores, "--value", &value, "-k", "1"]);
    let mut c = silent(&programs.compile(SEMAPHORES)?);
    c.args(["sets", "1"]);
    let rounds = extent.rounds(ROUNDS);
    let mut times = take_turns(&mut [ipcmk, c], rounds, in_namespace)?;
    let [ours, c] = [0, 1].map(|way| quartile(&mut times[way], 2).as_secs_f64() * 1000.0);
    report.notes.push(format!(
        "One set of {SEMAPHORES} semaphores, with values: {ours:.2} / {c:.2} ms. Medians of {rounds} runs."
    ));
    report.bar(
        &format!("time of {SEMAPHORES} first values, over that of the C program"),
        rounded(ours / c),
        MAX_TIMES_C,
    );
    Ok(())
}

/// Measures one run in a new namespace, checks the set, and removes it.
fn in_namespace(command: &mut Command) -> io::Result<Duration> {
    namespace::unshare()?;
    let time = measure::time(command)?;
    let objects = namespace::objects()?;
    let [set] = objects.as_slice() else {
        return Err(io::Error::other(format!(
            "{command:?}: {} objects",
            objects.len()
        )));
    };
    let values = namespace::values(set.id, SEMAPHORES as u64)?;
    if values.iter().any(|value| *value != VALUE) {
        return Err(io::Error::other(format!("{command:?}: other values")));
    }
    namespace::remove(set.kind, set.id)?;
    Ok(time)
}
