//! `make bench`: measures a run of ipcmk, of an assembly program that makes the same calls (the
//! floor), and of util-linux's ipcmk. POSIX objects are compared with util-linux 2.41, if
//! tests/tools/util-linux.sh has fetched it.
//!
//! ```text
//! bench [--quick | --once] [growth]
//! ```
//!
//! Prints tables and whether each bar is kept. Writes them as Markdown to target/bench.md and, for
//! many objects, to target/growth.md, with a plot in target/growth.svg. The exit status is 1 if a
//! bar is missed. `growth` measures many objects only. `--quick` (`make bench BENCH=--quick`) makes
//! a tenth of the runs; `--once` makes one, of 1000 objects at most, and misses no bar.
//!
//! Every program runs as `ipcmk` in an empty environment and creates its objects in IPC namespaces
//! that end with the bench. For page faults and time the programs take turns, run by run and on one
//! processor, so that other load on the machine affects all alike.

#[path = "../../bench/growth.rs"]
mod growth;
#[path = "../../bench/measure.rs"]
mod measure;
#[path = "../../bench/perf.rs"]
mod perf;
#[path = "../../bench/plot.rs"]
mod plot;
#[path = "../../bench/report.rs"]
mod report;
#[path = "../../bench/values.rs"]
mod values;

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

/// Bar: bytes of the file, for each architecture.
const MAX_BYTES: u64 = 40 * 1024;
/// Bar: mean page faults of a run, above those of the floor.
const MAX_FAULTS_OVER_FLOOR: f64 = 0.5;
/// Bar: instructions of `-M 4096`, for each architecture.
const MAX_INSTRUCTIONS: u64 = 2_499;

/// Rounds for the mean of page faults, and for the quartiles of time.
const FAULT_ROUNDS: usize = 1_000;
const TIME_ROUNDS: usize = 2_000;
/// Rounds in one IPC namespace: few, so that its tables stay small.
const ROUNDS_PER_NAMESPACE: usize = 50;

/// A command line to measure.
struct Line {
    words: &'static [&'static str],
    /// The macro that floor.S assembles for this line, and its index in [`Candidate::files`].
    floor: &'static str,
    place: usize,
    /// Its output in a new namespace.
    output: &'static str,
    /// Whether more than its system calls are measured.
    in_full: bool,
    /// Whether its instructions have a bar.
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

/// A command line that creates a POSIX object.
struct Posix {
    words: &'static [&'static str],
    output: &'static str,
    /// Bar: its system calls, on a kernel where linkat(2) needs no /proc.
    max_calls: usize,
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
        max_calls: 8,
    },
    Posix {
        words: &["-q", "-n", "/x"],
        output: "POSIX message queue name: /x\n",
        max_calls: 6,
    },
    Posix {
        words: &["-s", "-n", "/x"],
        output: "POSIX semaphore name: /x\n",
        max_calls: 8,
    },
];

/// The file that the first of them creates.
const POSIX_FILE: &str = "/dev/shm/x";

/// The indices of the candidates. The emulated one comes last, and is not timed.
const OURS: usize = 0;
const FLOOR: usize = 1;
const EMULATED: usize = 3;

/// A program to measure: a column of the table.
struct Candidate {
    name: &'static str,
    /// Its file for each of [`LINES`].
    files: [PathBuf; LINES.len()],
    emulator: Option<&'static Path>,
}

impl Candidate {
    fn new(name: &'static str, file: &Path, emulator: Option<&'static Path>) -> Self {
        Self {
            name,
            files: LINES.each_ref().map(|_| file.to_owned()),
            emulator,
        }
    }

    /// The size of its last file, in bytes.
    fn size(&self) -> io::Result<u64> {
        let [.., file] = &self.files;
        fs::metadata(file)
            .map(|metadata| metadata.len())
            .map_err(|error| io::Error::other(format!("{}: {error}", file.display())))
    }

    /// The command for a line, without an emulator.
    fn command(&self, line: &Line) -> Command {
        let mut command = silent(&self.files[line.place]);
        command.args(line.words);
        command
    }

    /// Counts the system calls of a line.
    fn system_calls(&self, line: &Line) -> io::Result<usize> {
        self.calls(line.place, line.words, line.output)
    }

    /// Counts the system calls of one of its files, which must print `output`.
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

    /// Counts the user-space instructions of a line.
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

/// A command with an empty environment and /dev/null as standard output.
fn silent(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg0("ipcmk").env_clear().stdout(Stdio::null());
    command
}

/// How much is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    /// A tenth of the rounds.
    Quick,
    /// One round, of few objects: whether the bench works.
    Once,
}

impl Extent {
    /// Scales a number of rounds.
    const fn rounds(self, rounds: usize) -> usize {
        match self {
            Self::Whole => rounds,
            Self::Quick => rounds.div_ceil(10),
            Self::Once => 1,
        }
    }

    /// Most objects of a run.
    const fn objects(self) -> usize {
        match self {
            Self::Whole | Self::Quick => usize::MAX,
            Self::Once => 1_000,
        }
    }
}

fn main() -> ExitCode {
    let mut extent = Extent::Whole;
    let mut growth_only = false;
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--quick" => extent = Extent::Quick,
            "--once" => extent = Extent::Once,
            "growth" => growth_only = true,
            _ => {
                eprintln!("usage: bench [--quick | --once] [growth]");
                return ExitCode::from(2);
            }
        }
    }
    match bench(extent, growth_only) {
        Ok(kept) if kept || extent == Extent::Once => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::from(2)
        }
    }
}

/// Measures and reports. Returns whether every bar is kept.
fn bench(extent: Extent, growth_only: bool) -> Result<bool, Box<dyn Error>> {
    namespace::obtain_privilege()?;
    let target = PathBuf::from(env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into()));
    let scratch = target.join("bench");
    fs::create_dir_all(&scratch)?;
    let product = |variable, name| {
        env::var_os(variable).map_or_else(|| target.join("dist").join(name), PathBuf::from)
    };
    let ours = product("IPCMK_X86_64", "ipcmk-x86_64");
    let theirs = subject::util_linux_ipcmk()?;
    let counter = FaultCounter::choose();
    measure::stay_on_one_processor()?;
    let one_kept = growth_only || {
        let emulated = product("IPCMK_AARCH64", "ipcmk-aarch64");
        one_object(
            [&ours, &theirs, &emulated],
            &scratch,
            &target,
            extent,
            counter,
        )?
    };
    let programs = growth::Programs {
        ours: &ours,
        theirs: &theirs,
        scratch: &scratch,
    };
    let growth_kept = growth::bench(&programs, extent, counter, &target)?;
    Ok(one_kept && growth_kept)
}

/// Measures one object: the files of our program, of util-linux's, and of ours for aarch64.
fn one_object(
    [ours, theirs, emulated]: [&Path; 3],
    scratch: &Path,
    target: &Path,
    extent: Extent,
    counter: FaultCounter,
) -> Result<bool, Box<dyn Error>> {
    let (fault_rounds, time_rounds) = (extent.rounds(FAULT_ROUNDS), extent.rounds(TIME_ROUNDS));
    let candidates = [
        Candidate::new("ipcmk", ours, None),
        Candidate {
            name: "floor",
            files: floors(scratch)?,
            emulator: None,
        },
        Candidate::new("util-linux", theirs, None),
        Candidate::new("ipcmk, aarch64", emulated, Some(Path::new(EMULATOR))),
    ];
    let native = &candidates[..EMULATED];
    let mut report = Report::new("", candidates.each_ref().map(|candidate| candidate.name));

    let sizes = each(&candidates, Candidate::size)?;
    report.row("file size, bytes", &sizes);
    report.bar("bytes", sizes[OURS], MAX_BYTES);
    report.bar("bytes, aarch64", sizes[EMULATED], MAX_BYTES);

    for line in &LINES {
        let calls = each(&candidates, |candidate| candidate.system_calls(line))?;
        report.row(&format!("system calls, {line}"), &calls);
    }

    let fetched = UtilLinux::fetched(target);
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
        report.bar(&row, ours, line.max_calls);
        report.bar(&format!("{row}, aarch64"), emulated, line.max_calls);
    }

    for line in LINES.iter().filter(|line| line.in_full) {
        let count = |command: &mut Command| counter.count(command);
        let counts = take_turns(&mut commands(native, line), fault_rounds, count)?;
        let means: Vec<f64> = counts
            .iter()
            .map(|counts| mean(counts.iter().map(|load| load.faults as f64)))
            .collect();
        let row = format!("page faults, {line}");
        let cells: Vec<String> = means.iter().map(|mean| format!("{mean:.2}")).collect();
        report.row(&row, &cells);
        report.bar(
            &format!("{row}, over the floor"),
            rounded(means[OURS] - means[FLOOR]),
            MAX_FAULTS_OVER_FLOOR,
        );
    }

    for line in LINES.iter().filter(|line| line.in_full) {
        let counts = each(&candidates, |candidate| {
            candidate.instructions(line, scratch)
        })?;
        let row = format!("instructions, {line}");
        report.row(&row, &counts);
        if line.barred {
            report.bar(&row, counts[OURS], MAX_INSTRUCTIONS);
            report.bar(
                &format!("{row}, aarch64"),
                counts[EMULATED],
                MAX_INSTRUCTIONS,
            );
        }
    }

    for line in LINES.iter().filter(|line| line.in_full) {
        let times = take_turns(&mut commands(native, line), time_rounds, measure::time)?;
        let cells: Vec<String> = times.into_iter().map(spread).collect();
        report.row(&format!("time, {line}, µs"), &cells);
    }

    // Each run creates the object anew.
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
        "Instructions: user-space instructions of one run, counted one at a time.".to_owned(),
        format!(
            "Time: median and quartiles of {time_rounds} runs, from before fork to after wait."
        ),
        "Each program runs as `ipcmk` in an empty environment.".to_owned(),
        "The floor makes the system calls of one command line, in assembly; the size is that of -M 4096."
            .to_owned(),
        match fetched {
            Some(_) => {
                "util-linux in the rows of -m, -q and -s: version 2.41, started by its own dynamic loader."
            }
            None => {
                "util-linux in the rows of -m, -q and -s: not measured, since tests/tools/util-linux.sh has not fetched version 2.41."
            }
        }
        .to_owned(),
        machine()?,
    ];
    print!("{}", report.plain());
    fs::write(target.join("bench.md"), report.markdown())?;

    Ok(report.keeps_bars())
}

/// What the figures were measured on, and when.
fn machine() -> io::Result<String> {
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let model = |line: &str| line.strip_prefix("model name").map(str::to_owned);
    let kernel = namespace::sysctl("kernel.osrelease")?;
    let date = Command::new("date").args(["--utc", "+%F"]).output()?;
    Ok(format!(
        "Linux {}, {}, {}.",
        kernel.split(['-', '\n']).next().unwrap_or_default(),
        processors
            .lines()
            .find_map(model)
            .unwrap_or_default()
            .trim_start_matches(['\t', ':', ' ']),
        String::from_utf8_lossy(&date.stdout).trim_end()
    ))
}

/// The cell of a row for which a program has no figure.
const NOTHING: &str = "-";

/// util-linux 2.41 and its C library.
struct UtilLinux {
    file: PathBuf,
    libraries: PathBuf,
}

impl UtilLinux {
    /// Finds what tests/tools/util-linux.sh has fetched.
    fn fetched(target: &Path) -> Option<Self> {
        let root = target.join("util-linux-2.41/usr");
        let fetched = Self {
            file: root.join("bin/ipcmk"),
            libraries: root.join("lib/x86_64-linux-gnu"),
        };
        fetched.file.exists().then_some(fetched)
    }

    /// A command, to which the words of a line are added as arguments.
    fn command(&self) -> Command {
        let mut command = silent(&self.libraries.join("ld-linux-x86-64.so.2"));
        command
            .args(["--argv0", "ipcmk", "--library-path"])
            .args([&self.libraries, &self.file]);
        command
    }

    /// Counts the system calls of a line.
    fn calls(&self, line: &Posix) -> io::Result<usize> {
        namespace::unshare()?;
        let mut command = self.command();
        let trace = tracer::trace(command.args(line.words))?;
        measure::succeeded(&command, trace.status)?;
        Ok(trace.calls.len())
    }
}

/// Assembles and links the floor of each line.
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

fn mean(figures: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = figures.len() as f64;
    figures.sum::<f64>() / count
}

/// Measures each candidate once.
fn each<T>(
    candidates: &[Candidate],
    measure: impl FnMut(&Candidate) -> io::Result<T>,
) -> io::Result<Vec<T>> {
    candidates.iter().map(measure).collect()
}

/// The commands of all candidates for a line.
fn commands(candidates: &[Candidate], line: &Line) -> Vec<Command> {
    candidates
        .iter()
        .map(|candidate| candidate.command(line))
        .collect()
}

/// Measures many runs of each program. The first of a round is the last of the next.
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

/// A figure with two decimals, as tables show it.
fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// Median and quartiles, in microseconds.
fn spread(mut times: Vec<Duration>) -> String {
    let [median, low, high] =
        [2, 1, 3].map(|number| quartile(&mut times, number).as_nanos() as f64 / 1e3);
    format!("{median:.0} ({low:.0}-{high:.0})")
}

/// The quartile of this number. The second is the median.
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
