//! What a run of ipcmk costs, beside an assembly floor and util-linux's ipcmk: `make bench`. POSIX
//! objects stand beside those of util-linux 2.41, if tests/tools/util-linux.sh has fetched it.
//!
//! ```text
//! bench [--quick]
//! ```
//!
//! Prints tables and a verdict on each bar, and leaves them as Markdown in target/bench.md, and
//! those of many objects in target/batch.md, with a plot in target/batch.svg. The exit status is 1 if
//! a bar is missed. `--quick` (`make bench BENCH=--quick`) makes about a tenth of the runs.
//!
//! Every program starts by the name `ipcmk` with an empty environment, and creates its objects in
//! IPC namespaces that end with the bench. For page faults and time the programs take turns, run by
//! run and on one processor, so that whatever else happens on the machine hits all alike.

#[path = "../../bench/batch.rs"]
mod batch;
#[path = "../../bench/measure.rs"]
mod measure;
#[path = "../../bench/plot.rs"]
mod plot;
#[path = "../../bench/report.rs"]
mod report;

use std::env;
use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use ipcmk_tests::case::Start;
use ipcmk_tests::namespace;
use ipcmk_tests::subject::{self, Subject};
use ipcmk_tests::tracer;
use measure::FaultCounter;
use report::Report;

const EMULATOR: &str = "qemu-aarch64";

/// Bar: bytes of the file, on each architecture.
const MOST_BYTES: u64 = 28 * 1024;
/// Bar: mean page faults of a run, over those of the floor.
const MOST_FAULTS_OVER_FLOOR: f64 = 0.5;
/// Bar: instructions of `-M 4096`, on each architecture.
const MOST_INSTRUCTIONS: u64 = 2_499;

/// Rounds that tell page faults, and time.
const FAULT_ROUNDS: usize = 1_000;
const TIME_ROUNDS: usize = 2_000;
/// Rounds in one IPC namespace: few enough that its tables stay small.
const ROUNDS_PER_NAMESPACE: usize = 50;

/// A command line that is measured.
struct Line {
    words: &'static [&'static str],
    /// The macro that makes a floor for it, and its place among the files of a candidate.
    floor: &'static str,
    place: usize,
    /// What the first object of a namespace is announced with.
    output: &'static str,
    /// Measured in every way, not only by its system calls.
    in_full: bool,
    /// Whether there is a bar for its instructions.
    barred: bool,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(" "))
    }
}

const LINES: [Line; 3] = [
    Line {
        words: &["-Q"],
        floor: "QUEUE",
        place: 0,
        output: "Message queue id: 0\n",
        in_full: true,
        barred: false,
    },
    Line {
        words: &["-S", "1"],
        floor: "SET",
        place: 1,
        output: "Semaphore id: 0\n",
        in_full: false,
        barred: false,
    },
    Line {
        words: &["-M", "4096"],
        floor: "SEGMENT",
        place: 2,
        output: "Shared memory id: 0\n",
        in_full: true,
        barred: true,
    },
];

/// A command line that makes a POSIX object.
struct Posix {
    words: &'static [&'static str],
    output: &'static str,
    /// Bar: its system calls, where a descriptor is enough to give a file its name.
    most_calls: usize,
}

impl fmt::Display for Posix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(" "))
    }
}

const POSIX: [Posix; 3] = [
    Posix {
        words: &["-m", "4096", "-n", "/x"],
        output: "POSIX shared memory name: /x\n",
        most_calls: 8,
    },
    Posix {
        words: &["-q", "-n", "/x"],
        output: "POSIX message queue name: /x\n",
        most_calls: 6,
    },
    Posix {
        words: &["-s", "-n", "/x"],
        output: "POSIX semaphore name: /x\n",
        most_calls: 8,
    },
];

/// The file that the first of them makes.
const POSIX_FILE: &str = "/dev/shm/x";

/// The places of candidates in the table. What is emulated is not timed, and comes last.
const OURS: usize = 0;
const FLOOR: usize = 1;
const THEIRS: usize = 2;
const EMULATED: usize = 3;

/// A program to measure: a column of the table.
struct Candidate {
    name: &'static str,
    /// Its file for each of [`LINES`].
    files: [PathBuf; LINES.len()],
    emulator: Option<&'static Path>,
}

impl Candidate {
    fn new(name: &'static str, file: PathBuf, emulator: Option<&'static Path>) -> Self {
        Self {
            name,
            files: [file.clone(), file.clone(), file],
            emulator,
        }
    }

    /// The size of its last file.
    fn size(&self) -> io::Result<u64> {
        let [.., file] = &self.files;
        fs::metadata(file)
            .map(|metadata| metadata.len())
            .map_err(|error| io::Error::other(format!("{}: {error}", file.display())))
    }

    /// The command of a line, without an emulator.
    fn command(&self, line: &Line) -> Command {
        let mut command = silent(&self.files[line.place]);
        command.args(line.words);
        command
    }

    /// The number of system calls.
    fn system_calls(&self, line: &Line) -> io::Result<usize> {
        self.calls(line.place, line.words, line.output)
    }

    /// The number of system calls of one of its files; what the program prints is looked at too.
    fn calls(&self, place: usize, words: &[&str], output: &str) -> io::Result<usize> {
        let words: Vec<Vec<u8>> = words.iter().map(|&word| word.into()).collect();
        let start = Start {
            environment: Vec::new(),
            ..Start::default()
        };
        namespace::unshare()?;
        let subject = Subject::new(&self.files[place], self.emulator)?;
        let outcome = subject.run(&start, &words, true)?;
        if !outcome.status.success() || outcome.stdout != output.as_bytes() {
            let what = subject.shell_line(&start, &words);
            return Err(io::Error::other(format!("{what}: {outcome:?}")));
        }
        Ok(outcome.calls.unwrap_or_default().len())
    }

    /// The number of instructions outside the kernel.
    fn instructions(&self, line: &Line, scratch: &Path) -> io::Result<u64> {
        namespace::unshare()?;
        match self.emulator {
            None => measure::instructions(&mut self.command(line)),
            Some(emulator) => {
                let (file, log) = (&self.files[line.place], scratch.join("instructions.log"));
                measure::emulated_instructions(silent(emulator), file, line.words, &log)
            }
        }
    }
}

/// A command with an empty environment, whose output goes nowhere.
fn silent(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg0("ipcmk").env_clear().stdout(Stdio::null());
    command
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let tenth = match arguments.as_slice() {
        [] => false,
        [option] if option == "--quick" => true,
        _ => {
            eprintln!("usage: bench [--quick]");
            return ExitCode::from(2);
        }
    };
    match bench(|rounds| if tenth { rounds.div_ceil(10) } else { rounds }) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::from(2)
        }
    }
}

/// Measures and reports; `rounds` scales a number of rounds. The answer is whether no bar is missed.
fn bench(rounds: impl Fn(usize) -> usize) -> Result<bool, Box<dyn Error>> {
    let (fault_rounds, time_rounds) = (rounds(FAULT_ROUNDS), rounds(TIME_ROUNDS));
    namespace::obtain_privilege()?;
    let target = PathBuf::from(env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into()));
    let scratch = target.join("bench");
    fs::create_dir_all(&scratch)?;
    let product = |variable, name| {
        env::var_os(variable).map_or_else(|| target.join("dist").join(name), PathBuf::from)
    };
    let theirs = subject::util_linux_ipcmk()?;
    let candidates = [
        Candidate::new("ipcmk", product("IPCMK_X86_64", "ipcmk-x86_64"), None),
        Candidate {
            name: "floor",
            files: floors(&scratch)?,
            emulator: None,
        },
        Candidate::new("util-linux", theirs, None),
        Candidate::new(
            "ipcmk, aarch64",
            product("IPCMK_AARCH64", "ipcmk-aarch64"),
            Some(Path::new(EMULATOR)),
        ),
    ];
    let native = &candidates[..EMULATED];
    let mut report = Report::new(candidates.each_ref().map(|candidate| candidate.name));

    let sizes = each(&candidates, Candidate::size)?;
    report.row("file size, bytes", &sizes);
    report.bar("bytes", sizes[OURS], MOST_BYTES);
    report.bar("bytes, aarch64", sizes[EMULATED], MOST_BYTES);

    for line in &LINES {
        let calls = each(&candidates, |candidate| candidate.system_calls(line))?;
        report.row(&format!("system calls, {line}"), &calls);
    }

    let fetched = UtilLinux::fetched(&target);
    for line in &POSIX {
        let [ours, emulated] = [OURS, EMULATED].map(|candidate| {
            let candidate = &candidates[candidate];
            candidate.calls(0, line.words, line.output)
        });
        let (ours, emulated) = (ours?, emulated?);
        let theirs = match &fetched {
            Some(theirs) => theirs.calls(line)?.to_string(),
            None => NOTHING.to_owned(),
        };
        let row = format!("system calls, {line}");
        let [ours_text, emulated_text] = [ours, emulated].map(|calls| calls.to_string());
        report.row(&row, &[ours_text, NOTHING.into(), theirs, emulated_text]);
        report.bar(&row, ours, line.most_calls);
        report.bar(&format!("{row}, aarch64"), emulated, line.most_calls);
    }

    measure::stay_on_one_processor()?;
    let counter = FaultCounter::choose();
    for line in LINES.iter().filter(|line| line.in_full) {
        let count = |command: &mut Command| counter.count(command);
        let counts = take_turns(&mut commands(native, line), fault_rounds, count)?;
        let means: Vec<f64> = counts
            .iter()
            .map(|counts| counts.iter().sum::<u64>() as f64 / counts.len() as f64)
            .collect();
        let row = format!("page faults, {line}");
        let cells: Vec<String> = means.iter().map(|mean| format!("{mean:.2}")).collect();
        report.row(&row, &cells);
        // As printed: hundredths are what so many runs are good for.
        let over = ((means[OURS] - means[FLOOR]) * 100.0).round() / 100.0;
        report.bar(
            &format!("{row}, over the floor"),
            over,
            MOST_FAULTS_OVER_FLOOR,
        );
    }

    for line in LINES.iter().filter(|line| line.in_full) {
        let counts = each(&candidates, |candidate| {
            candidate.instructions(line, &scratch)
        })?;
        let row = format!("instructions, {line}");
        report.row(&row, &counts);
        if line.barred {
            report.bar(&row, counts[OURS], MOST_INSTRUCTIONS);
            report.bar(
                &format!("{row}, aarch64"),
                counts[EMULATED],
                MOST_INSTRUCTIONS,
            );
        }
    }

    for line in LINES.iter().filter(|line| line.in_full) {
        let times = take_turns(&mut commands(native, line), time_rounds, measure::time)?;
        let cells: Vec<String> = times.into_iter().map(spread).collect();
        report.row(&format!("time, {line}, µs"), &cells);
    }

    // Each run makes the object anew.
    let mut runs = vec![silent(&candidates[OURS].files[0])];
    runs.extend(fetched.as_ref().map(UtilLinux::command));
    for command in &mut runs {
        command.args(POSIX[0].words);
    }
    let times = take_turns(&mut runs, time_rounds, |command: &mut Command| {
        let time = measure::time(command)?;
        fs::remove_file(POSIX_FILE)?;
        Ok(time)
    })?;
    let mut cells: Vec<String> = times.into_iter().map(spread).collect();
    cells.insert(FLOOR, NOTHING.to_owned());
    report.row(&format!("time, {}, µs", POSIX[0]), &cells);

    report.notes = vec![
        format!(
            "Page faults: mean of {fault_rounds} runs ({}).",
            counter.name()
        ),
        format!(
            "Time, from before fork to after wait: median and quartiles of {time_rounds} runs."
        ),
        "Instructions: outside the kernel, counted one by one.".to_owned(),
        "Every run has the name `ipcmk` and an empty environment.".to_owned(),
        "The floor is three programs in assembly, one for each line; its size is that of -M 4096."
            .to_owned(),
        match fetched {
            Some(_) => "POSIX objects: those of util-linux are of its 2.41, by Debian's loader.",
            None => "POSIX objects: util-linux 2.41 is not at hand (tests/tools/util-linux.sh).",
        }
        .to_owned(),
        format!(
            "Linux {}.",
            fs::read_to_string("/proc/sys/kernel/osrelease")?
                .split(['-', '\n'])
                .next()
                .unwrap_or_default()
        ),
    ];
    print!("{}", report.plain());
    fs::write(target.join("bench.md"), report.markdown())?;

    let programs = batch::Programs {
        ours: &candidates[OURS].files[0],
        theirs: &candidates[THEIRS].files[0],
        scratch: &scratch,
    };
    let batch_kept = batch::bench(&programs, rounds, counter, &target)?;
    Ok(report.keeps_bars() && batch_kept)
}

/// What stands where there is no figure.
const NOTHING: &str = "-";

/// util-linux 2.41, with the C library that it needs.
struct UtilLinux {
    file: PathBuf,
    libraries: PathBuf,
}

impl UtilLinux {
    /// The one that tests/tools/util-linux.sh has fetched, if it has.
    fn fetched(target: &Path) -> Option<Self> {
        let root = target.join("util-linux-2.41/usr");
        let fetched = Self {
            file: root.join("bin/ipcmk"),
            libraries: root.join("lib/x86_64-linux-gnu"),
        };
        fetched.file.exists().then_some(fetched)
    }

    /// A command to which the words of a line are to be added.
    fn command(&self) -> Command {
        let mut command = silent(&self.libraries.join("ld-linux-x86-64.so.2"));
        command
            .args(["--argv0", "ipcmk", "--library-path"])
            .args([&self.libraries, &self.file]);
        command
    }

    /// The number of system calls of a line.
    fn calls(&self, line: &Posix) -> io::Result<usize> {
        namespace::unshare()?;
        let mut command = self.command();
        let trace = tracer::trace(command.args(line.words))?;
        measure::succeeded(&command, trace.status)?;
        Ok(trace.calls.len())
    }
}

/// Assembles and links the floor for each line.
fn floors(directory: &Path) -> io::Result<[PathBuf; LINES.len()]> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let linker = root.join("../linker");
    let files = LINES
        .each_ref()
        .map(|line| directory.join(format!("floor-{}", line.floor)));
    for (line, file) in LINES.iter().zip(&files) {
        let status = Command::new("gcc")
            .args(["-nostdlib", "-static", "-no-pie", "-s"])
            .args(["-Wl,--build-id=none", "-Wl,-z,norelro"])
            .arg("-L")
            .arg(&linker)
            .arg("-T")
            .arg(linker.join("x86_64.ld"))
            .arg(format!("-D{}", line.floor))
            .arg("-o")
            .arg(file)
            .arg(root.join("bench/floor.S"))
            .status()?;
        if !status.success() {
            return Err(io::Error::other(format!("gcc: {status}")));
        }
    }
    Ok(files)
}

/// One figure of each candidate.
fn each<T>(
    candidates: &[Candidate],
    measure: impl FnMut(&Candidate) -> io::Result<T>,
) -> io::Result<Vec<T>> {
    candidates.iter().map(measure).collect()
}

/// The commands of a line.
fn commands(candidates: &[Candidate], line: &Line) -> Vec<Command> {
    candidates
        .iter()
        .map(|candidate| candidate.command(line))
        .collect()
}

/// The figures of many runs of each program. Who begins a round ends the next.
fn take_turns<R, T>(
    runs: &mut [R],
    rounds: usize,
    mut measure: impl FnMut(&mut R) -> io::Result<T>,
) -> io::Result<Vec<Vec<T>>> {
    let mut figures: Vec<Vec<T>> = runs.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for round in 0..rounds {
        if round % ROUNDS_PER_NAMESPACE == 0 {
            namespace::unshare()?;
        }
        for turn in 0..runs.len() {
            let next = (round + turn) % runs.len();
            figures[next].push(measure(&mut runs[next])?);
        }
    }
    Ok(figures)
}

/// Median and quartiles in microseconds.
fn spread(mut times: Vec<Duration>) -> String {
    let [median, low, high] =
        [2, 1, 3].map(|number| quartile(&mut times, number).as_nanos() as f64 / 1e3);
    format!("{median:.0} ({low:.0}-{high:.0})")
}

/// The quartile of this number; the second is the median.
fn quartile(times: &mut [Duration], number: usize) -> Duration {
    times.sort_unstable();
    times[number * (times.len() - 1) / 4]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_quartiles() {
        let times = [5, 1, 4, 3, 2].map(Duration::from_micros).to_vec();
        assert_eq!(spread(times), "3 (2-4)");
    }
}
