//! Measures first values: `ipcmk -S 32000 --value 7`, and a C program that sets as many by one
//! SETALL. Each run has its own IPC namespace, in which the set must have its values afterwards.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ipcmk_tests::namespace;

use crate::report::Report;
use crate::{compile, measure, quartile, silent, take_turns};

const SEMAPHORES: u64 = 32_000;
const VALUE: u16 = 7;
/// Bar: the time of ipcmk, divided by that of the C program.
const MAX_TIMES_C: f64 = 3.0;

/// Adds the bar to a report.
pub fn judge(ours: &Path, scratch: &Path, rounds: usize, report: &mut Report) -> io::Result<()> {
    let mut ipcmk = silent(ours);
    ipcmk.args(["-S", &SEMAPHORES.to_string(), "--value", &VALUE.to_string()]);
    let program = scratch.join("setall");
    compile("bench/setall.c", &[], &program)?;
    let mut runs = [ipcmk, silent(&program)];
    let mut times = take_turns(&mut runs, rounds, in_namespace)?;
    let [ours, c] = [0, 1].map(|way| quartile(&mut times[way], 2).as_secs_f64() * 1000.0);
    report.notes.push(format!(
        "First values of a set of {SEMAPHORES} semaphores (`ipcmk -S {SEMAPHORES} --value {VALUE}`): {ours:.2} ms; a C program\n\
         with one SETALL ([setall.c](setall.c)): {c:.2} ms. Medians of {rounds} runs."
    ));
    report.bar(
        &format!("time of {SEMAPHORES} first values, over that of the C program"),
        (ours / c * 100.0).round() / 100.0,
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
    let values = namespace::values(set.id, SEMAPHORES)?;
    if values.iter().any(|value| *value != VALUE) {
        return Err(io::Error::other(format!("{command:?}: other values")));
    }
    namespace::remove(set.kind, set.id)?;
    Ok(time)
}
