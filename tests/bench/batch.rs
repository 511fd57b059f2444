//! What many objects cost: `ipcmk --batch` beside a C program for that one job, and beside shell
//! loops. Each run has an IPC namespace of its own, and is looked at afterwards: it must have made
//! its objects and printed their ids.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::os::fd::FromRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ipcmk_tests::line::QUEUE;
use ipcmk_tests::namespace;
use ipcmk_tests::tracer::{Action, Tracee};

use crate::measure::{self, FaultCounter};
use crate::plot::{self, Series};
use crate::report::Report;
use crate::{quartile, silent, take_turns};

/// How many objects are made at a time, and how many rounds of a pass tell what that costs. In
/// several passes, so that load which comes and goes does not bend the line.
const GROWTH: [(usize, usize); 5] = [(1, 40), (10, 20), (100, 8), (1_000, 1), (4_000, 1)];
const PASSES: usize = 5;

/// Bar: the time of a batch of so many queues, over that of the C program.
const BARRED: usize = 1_000;
const MOST_TIMES_C: f64 = 1.2;
/// Keys that one call of getrandom(2) brings to it: as many as it never cuts short. That is the
/// fastest way to have keys that nobody guesses.
const MOST_KEYS: usize = 64;
/// Rounds that tell it.
const BAR_ROUNDS: usize = 500;

/// How many objects are made to see the memory that it takes.
const MEMORY: [usize; 3] = [1, 1_000, 4_096];
/// Rounds that tell the page faults.
const FAULT_ROUNDS: usize = 50;

/// The programs that are measured, and what they make of a number of queues.
pub struct Programs<'a> {
    /// Our ipcmk.
    pub ours: &'a Path,
    /// util-linux's.
    pub theirs: &'a Path,
    /// A directory for files.
    pub scratch: &'a Path,
}

/// A way to make many queues.
#[derive(Clone, Copy)]
enum Way {
    Batch,
    /// The C program, with this many keys a call of getrandom(2).
    C(usize),
    OurLoop,
    TheirLoop,
}

impl Way {
    const ALL: [Self; 4] = [
        Self::Batch,
        Self::C(MOST_KEYS),
        Self::OurLoop,
        Self::TheirLoop,
    ];
    /// Those that start one program.
    const ALONE: [Self; 2] = [Self::Batch, Self::C(MOST_KEYS)];

    const fn name(self) -> &'static str {
        match self {
            Self::Batch => "ipcmk --batch",
            Self::C(_) => "static C program",
            Self::OurLoop => "shell loop over ipcmk -Q",
            Self::TheirLoop => "shell loop over util-linux's",
        }
    }
}

/// A way to make so many queues, ready to run.
struct Run {
    command: Command,
    objects: usize,
    /// What standard output goes to: a file in memory.
    output: File,
}

impl Run {
    fn new(programs: &Programs<'_>, way: Way, objects: usize) -> io::Result<Self> {
        let mut command = match way {
            Way::Batch => {
                let mut command = silent(programs.ours);
                command.arg("--batch").arg(programs.batch(objects)?);
                command
            }
            Way::C(keys) => {
                let mut command = silent(&programs.c(keys)?);
                command.arg(objects.to_string());
                command
            }
            Way::OurLoop => looped(programs.ours, objects),
            Way::TheirLoop => looped(programs.theirs, objects),
        };
        let output = file_in_memory()?;
        command.stdout(output.try_clone()?);
        Ok(Self {
            command,
            objects,
            output,
        })
    }

    /// Runs it once, in a namespace of its own, to be measured so; then looks at what it has made,
    /// and removes that.
    fn in_namespace<T>(
        &mut self,
        measure: impl FnOnce(&mut Command) -> io::Result<T>,
    ) -> io::Result<T> {
        // A new one lets 32,000 queues be made (MSGMNI of linux/msg.h).
        namespace::unshare()?;
        self.output.set_len(0)?;
        self.output.rewind()?;
        let figure = measure(&mut self.command)?;
        let mut text = String::new();
        self.output.rewind()?;
        self.output.read_to_string(&mut text)?;
        let mut printed = ids(&text).unwrap_or_default();
        printed.sort_unstable();
        let objects = namespace::objects()?;
        let mut made: Vec<i32> = objects.iter().map(|object| object.id).collect();
        made.sort_unstable();
        let right = made == printed
            && made.len() == self.objects
            && objects.iter().all(|object| QUEUE.is(object));
        if !right {
            return Err(io::Error::other(format!(
                "{:?}: {} queues asked for, {} printed, {} objects made{}",
                self.command,
                self.objects,
                printed.len(),
                made.len(),
                objects
                    .first()
                    .map_or(String::new(), |first| format!(", among them {first}")),
            )));
        }
        // Now, and not behind the next run's back, as the end of the namespace would do it.
        for id in made {
            namespace::remove(QUEUE.kind, id)?;
        }
        Ok(figure)
    }
}

/// The ids of lines that announce queues; none if one does not.
fn ids(text: &str) -> Option<Vec<i32>> {
    let id = |line: &str| line.strip_prefix(QUEUE.prints)?.parse().ok();
    text.lines().map(id).collect()
}

impl Programs<'_> {
    /// The C program, compiled.
    fn c(&self, keys: usize) -> io::Result<PathBuf> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/many.c");
        let file = self.scratch.join(format!("many-{keys}"));
        let status = Command::new("gcc")
            .args(["-static", "-O2", "-s"])
            .arg(format!("-DKEYS={keys}"))
            .arg("-o")
            .arg(&file)
            .arg(source)
            .status()?;
        if status.success() {
            Ok(file)
        } else {
            Err(io::Error::other(format!("gcc: {status}")))
        }
    }

    /// A file of so many lines for --batch.
    fn batch(&self, objects: usize) -> io::Result<PathBuf> {
        let file = self.scratch.join(format!("batch-{objects}"));
        fs::write(&file, "-Q\n".repeat(objects))?;
        Ok(file)
    }
}

/// A shell loop. It counts by its arguments, which takes no other program, and ends if one fails.
fn looped(program: &Path, objects: usize) -> Command {
    let mut command = silent(Path::new("/bin/dash"));
    command
        .args(["-c", r#"for i do "$0" -Q || exit; done"#])
        .arg(program)
        .args((1..=objects).map(|number| number.to_string()));
    command
}

fn file_in_memory() -> io::Result<File> {
    // SAFETY: the name ends with a NUL.
    match unsafe { libc::memfd_create(c"output".as_ptr(), libc::MFD_CLOEXEC) } {
        // SAFETY: the kernel has just made this descriptor for us, and nobody else has it.
        descriptor @ 0.. => Ok(unsafe { File::from_raw_fd(descriptor) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Measures; `rounds` scales a number of rounds. Prints what it finds, and leaves it as Markdown
/// and as a plot, both named batch, in `target`. The answer is whether no bar is missed.
pub fn bench(
    programs: &Programs<'_>,
    rounds: impl Fn(usize) -> usize,
    counter: FaultCounter,
    target: &Path,
) -> Result<bool, Box<dyn Error>> {
    let (mut growth, series) = growth(programs, rounds(PASSES))?;
    judge(programs, rounds(BAR_ROUNDS), &mut growth)?;
    let memory = memory(programs, rounds(FAULT_ROUNDS), counter)?;
    print!("\n{}\n{}", growth.plain(), memory.plain());
    let plot = target.join("batch.svg");
    plot::draw(&plot, "Queues made at a time", ["queues", "ms"], &series)?;
    let picture = "![The same figures, on axes of powers of ten](tests/bench/batch.svg)";
    let text = [growth.markdown(), format!("{picture}\n"), memory.markdown()];
    fs::write(target.join("batch.md"), text.join("\n"))?;
    Ok(growth.keeps_bars() && memory.keeps_bars())
}

/// How the time grows with the number of objects.
fn growth(programs: &Programs<'_>, passes: usize) -> io::Result<(Report, Vec<Series>)> {
    // Of each number of objects, of each way.
    let mut all = GROWTH.map(|_| Way::ALL.map(|_| Vec::new()));
    for _ in 0..passes {
        for (all, (objects, rounds)) in all.iter_mut().zip(GROWTH) {
            let times = times(programs, &Way::ALL, objects, rounds)?;
            for (all, mut times) in all.iter_mut().zip(times) {
                all.append(&mut times);
            }
        }
    }
    let mut report = Report::new(GROWTH.map(|(objects, _)| objects));
    let mut series = Vec::new();
    for (place, way) in Way::ALL.into_iter().enumerate() {
        let cells = all.each_mut().map(|times| spread(&mut times[place]));
        report.row(&format!("ms, {}", way.name()), &cells);
        let medians = all.iter_mut().zip(GROWTH).map(|(times, (objects, _))| {
            let median = milliseconds(quartile(&mut times[place], 2));
            (objects as f64, median)
        });
        series.push(Series {
            name: way.name(),
            points: medians.collect(),
        });
    }
    let counts = GROWTH.map(|(_, rounds)| (passes * rounds).to_string());
    report.notes = vec![
        "Queues made at a time, in an IPC namespace of their own; standard output is a file in memory. Time, from"
            .to_owned(),
        format!(
            "before fork to after wait: median and quartiles of {} runs.",
            counts.join(", ")
        ),
        format!(
            "The C program is linked with glibc, and asks for {MOST_KEYS} random keys at a time. The shell is dash."
        ),
    ];
    Ok((report, series))
}

/// Judges a batch by the C program.
fn judge(programs: &Programs<'_>, rounds: usize, report: &mut Report) -> io::Result<()> {
    let ways = [Way::Batch, Way::C(MOST_KEYS), Way::C(1)];
    let mut times = times(programs, &ways, BARRED, rounds)?;
    let [batch, c, asking] = [0, 1, 2].map(|way| milliseconds(quartile(&mut times[way], 2)));
    report.notes.push(format!(
        "The bar compares medians of {rounds} runs: {batch:.2} ms and {c:.2} ms. A C program that asks for each key\n\
         takes {asking:.2} ms."
    ));
    report.bar(
        &format!("time of {BARRED} queues in a batch, over that of the C program"),
        (batch / c * 100.0).round() / 100.0,
        MOST_TIMES_C,
    );
    Ok(())
}

/// The times of runs of each way, in turns.
fn times(
    programs: &Programs<'_>,
    ways: &[Way],
    objects: usize,
    rounds: usize,
) -> io::Result<Vec<Vec<Duration>>> {
    let mut runs: Vec<Run> = ways
        .iter()
        .map(|&way| Run::new(programs, way, objects))
        .collect::<io::Result<_>>()?;
    take_turns(&mut runs, rounds, |run| run.in_namespace(measure::time))
}

/// The memory that a number of objects takes.
fn memory(programs: &Programs<'_>, rounds: usize, counter: FaultCounter) -> io::Result<Report> {
    let mut report = Report::new(MEMORY);
    let mut rows = [const { Vec::new() }; 3];
    for way in Way::ALONE {
        for objects in MEMORY {
            let run = || Run::new(programs, way, objects);
            let [resident, virtually] = run()?.in_namespace(most_memory)?;
            let counts = take_turns(&mut [run()?], rounds, |run| {
                run.in_namespace(|command| counter.count(command))
            })?;
            let mean = counts[0].iter().sum::<u64>() as f64 / rounds as f64;
            for (row, cell) in rows.iter_mut().zip([
                resident.to_string(),
                virtually.to_string(),
                format!("{mean:.1}"),
            ]) {
                row.push(cell);
            }
        }
        for (row, what) in rows
            .iter_mut()
            .zip(["resident kB", "virtual kB", "page faults"])
        {
            report.row(&format!("{what}, {}", way.name()), row);
            row.clear();
        }
    }
    report.notes = vec![format!(
        "Memory at the last system call (VmHWM and VmPeak in /proc/pid/status). Page faults: mean of {rounds} runs."
    )];
    Ok(report)
}

/// The most memory that a run has in use, and has addresses for, in kB.
///
/// Not that of wait4(2): what it tells begins with the size of the process that called exec.
fn most_memory(command: &mut Command) -> io::Result<[u64; 2]> {
    let tracee = Tracee::spawn(command)?;
    let status_file = format!("/proc/{}/status", tracee.pid());
    let mut status = Ok(String::new());
    let trace = tracee.run(|call| {
        if call.number == libc::SYS_exit_group {
            status = fs::read_to_string(&status_file);
        }
        Action::Continue
    })?;
    measure::succeeded(command, trace.status)?;
    let status = status?;
    let row = |name: &str| {
        let row = status.lines().find_map(|line| line.strip_prefix(name));
        row.and_then(|row| row.trim().strip_suffix(" kB")?.parse().ok())
            .ok_or_else(|| io::Error::other(format!("{status_file}: no {name}")))
    };
    Ok([row("VmHWM:")?, row("VmPeak:")?])
}

fn milliseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

/// Median and quartiles in milliseconds.
fn spread(times: &mut [Duration]) -> String {
    let [median, low, high] = [2, 1, 3].map(|number| {
        let time = milliseconds(quartile(times, number));
        // Three digits.
        let digits = if time < 10.0 {
            2
        } else {
            usize::from(time < 100.0)
        };
        format!("{time:.digits$}")
    });
    format!("{median} ({low}-{high})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        let mut times = [234_000_000, 1_234_000, 12_340_000].map(Duration::from_nanos);
        assert_eq!(spread(&mut times), "12.3 (1.23-12.3)");
    }

    #[test]
    fn ids_are_read_off_whole_lines() {
        assert_eq!(
            ids("Message queue id: 7\nMessage queue id: 0\n"),
            Some(vec![7, 0])
        );
        assert_eq!(ids("Message queue id: 7\nSemaphore id: 0\n"), None);
    }
}
