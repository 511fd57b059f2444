//! Measures many objects: `ipcmk --batch`, a C program that does the same, and shell loops. Each
//! run has its own IPC namespace, in which its objects must exist afterwards, with the printed ids.

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
use crate::{compile, quartile, silent, take_turns, values};

/// Numbers of objects, and the rounds of each in a pass. Several passes, so that a load that comes
/// and goes hits all numbers alike.
const GROWTH: [(usize, usize); 5] = [(1, 40), (10, 20), (100, 8), (1_000, 1), (4_000, 1)];
const PASSES: usize = 5;

/// Bar: the time of a batch of this many queues, divided by that of the C program.
const BARRED: usize = 1_000;
const MAX_TIMES_C: f64 = 1.2;
/// Random keys that the C program takes from one getrandom(2): 256 bytes, the most that the call
/// always returns whole.
const MAX_KEYS: usize = 64;
/// Rounds for the bar.
const BAR_ROUNDS: usize = 500;

/// Numbers of objects for the table of memory.
const MEMORY: [usize; 3] = [1, 1_000, 4_096];
/// Rounds for the mean of its page faults.
const FAULT_ROUNDS: usize = 50;

/// The programs to measure.
pub struct Programs<'a> {
    /// Our ipcmk.
    pub ours: &'a Path,
    /// util-linux's.
    pub theirs: &'a Path,
    /// A directory for compiled programs and batch files.
    pub scratch: &'a Path,
}

/// A way to create many queues.
#[derive(Clone, Copy)]
enum Way {
    Batch,
    /// The C program, with this many keys from each getrandom(2).
    C(usize),
    OurLoop,
    TheirLoop,
}

impl Way {
    const ALL: [Self; 4] = [
        Self::Batch,
        Self::C(MAX_KEYS),
        Self::OurLoop,
        Self::TheirLoop,
    ];
    /// The ways that start one process.
    const ALONE: [Self; 2] = [Self::Batch, Self::C(MAX_KEYS)];

    const fn name(self) -> &'static str {
        match self {
            Self::Batch => "ipcmk --batch",
            Self::C(_) => "static C program",
            Self::OurLoop => "shell loop over ipcmk -Q",
            Self::TheirLoop => "shell loop over util-linux's",
        }
    }
}

/// A command that creates a number of queues.
struct Run {
    command: Command,
    objects: usize,
    /// Standard output: a memfd.
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

    /// Measures one run in a new namespace, checks the queues that it has created, and removes
    /// them.
    fn in_namespace<T>(
        &mut self,
        measure: impl FnOnce(&mut Command) -> io::Result<T>,
    ) -> io::Result<T> {
        // A new namespace allows 32,000 queues (MSGMNI of linux/msg.h).
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
        // The end of the namespace would remove them too, but during the next run.
        for id in made {
            namespace::remove(QUEUE.kind, id)?;
        }
        Ok(figure)
    }
}

/// The ids of lines that announce queues; None if a line does not.
fn ids(text: &str) -> Option<Vec<i32>> {
    let id = |line: &str| line.strip_prefix(QUEUE.prints)?.parse().ok();
    text.lines().map(id).collect()
}

impl Programs<'_> {
    /// Compiles the C program.
    fn c(&self, keys: usize) -> io::Result<PathBuf> {
        let file = self.scratch.join(format!("many-{keys}"));
        compile("bench/many.c", &[&format!("-DKEYS={keys}")], &file)?;
        Ok(file)
    }

    /// Writes a file for --batch with this many lines.
    fn batch(&self, objects: usize) -> io::Result<PathBuf> {
        let file = self.scratch.join(format!("batch-{objects}"));
        fs::write(&file, "-Q\n".repeat(objects))?;
        Ok(file)
    }
}

/// A shell loop. It counts by its arguments, since seq(1) would cost a process. It ends if a run
/// fails.
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
        // SAFETY: the kernel has just made this descriptor for us, and nothing else has it.
        descriptor @ 0.. => Ok(unsafe { File::from_raw_fd(descriptor) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Measures, prints the tables, and writes them to batch.md and batch.svg in `target`. `rounds`
/// scales a number of rounds. Returns whether every bar is kept.
pub fn bench(
    programs: &Programs<'_>,
    rounds: impl Fn(usize) -> usize,
    counter: FaultCounter,
    target: &Path,
) -> Result<bool, Box<dyn Error>> {
    let (mut growth, series) = growth(programs, rounds(PASSES))?;
    judge(programs, rounds(BAR_ROUNDS), &mut growth)?;
    values::judge(
        programs.ours,
        programs.scratch,
        rounds(BAR_ROUNDS),
        &mut growth,
    )?;
    let memory = memory(programs, rounds(FAULT_ROUNDS), counter)?;
    print!("\n{}\n{}", growth.plain(), memory.plain());
    let plot = target.join("batch.svg");
    plot::draw(&plot, "Time to create queues", ["queues", "ms"], &series)?;
    let picture = "![The same times, on logarithmic axes](batch.svg)";
    let text = [growth.markdown(), format!("{picture}\n"), memory.markdown()];
    fs::write(target.join("batch.md"), text.join("\n"))?;
    Ok(growth.keeps_bars() && memory.keeps_bars())
}

/// Measures the time for each number of objects.
fn growth(programs: &Programs<'_>, passes: usize) -> io::Result<(Report, Vec<Series>)> {
    // The times for each number of objects and each way.
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
        "Each column is a number of queues, created in a new IPC namespace; standard output is a memfd."
            .to_owned(),
        format!(
            "Time: median and quartiles of {} runs, from before fork to after wait.",
            counts.join(", ")
        ),
        format!(
            "The C program is linked with glibc and takes {MAX_KEYS} random keys from each getrandom(2). The shell is dash."
        ),
    ];
    Ok((report, series))
}

/// Adds the bar: a batch beside the C program.
fn judge(programs: &Programs<'_>, rounds: usize, report: &mut Report) -> io::Result<()> {
    let ways = [Way::Batch, Way::C(MAX_KEYS), Way::C(1)];
    let mut times = times(programs, &ways, BARRED, rounds)?;
    let [batch, c, asking] = [0, 1, 2].map(|way| milliseconds(quartile(&mut times[way], 2)));
    report.notes.push(format!(
        "The bar compares the medians of {rounds} runs: {batch:.2} ms and {c:.2} ms. With one getrandom(2) for each key\n\
         the C program takes {asking:.2} ms."
    ));
    report.bar(
        &format!("time of {BARRED} queues in a batch, over that of the C program"),
        (batch / c * 100.0).round() / 100.0,
        MAX_TIMES_C,
    );
    Ok(())
}

/// Measures the times of the ways, which take turns.
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

/// Measures memory and page faults for each number of objects.
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
        "Memory: VmHWM and VmPeak of /proc/pid/status at the last system call. Page faults: mean of {rounds} runs."
    )];
    Ok(report)
}

/// The peak resident and virtual memory of a run, in kB.
///
/// wait4(2) is no use: its peak includes that of the process before exec.
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
        // Three significant digits.
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
