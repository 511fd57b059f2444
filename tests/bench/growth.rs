//! Measures how the cost of a batch grows with its objects: `ipcmk --batch`, and a C program that
//! makes the same system calls. Each run has an IPC namespace and a /dev/shm of its own, in which
//! its objects must exist afterwards. Both programs must print the same.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::os::fd::FromRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ipcmk_tests::namespace;

use crate::measure::{self, FaultCounter, Load};
use crate::perf::Samples;
use crate::plot::{self, Panel, Series};
use crate::report::Report;
use crate::{Extent, machine, mean, quartile, rounded, silent, take_turns, values};

/// Numbers of objects, and the rounds of each in a pass. Several passes, so that a load that comes
/// and goes hits all numbers alike.
const GROWTH: [(usize, usize); 6] = [
    (1, 10),
    (10, 10),
    (100, 10),
    (FEW, 10),
    (MANY, 2),
    (MOST, 1),
];
const PASSES: usize = 11;
/// The numbers that bars compare.
const FEW: usize = 1_000;
const MANY: usize = 10_000;
const MOST: usize = 32_000;

/// User time is measured from [`FEW`] objects on: below, it is that of the start. So many objects
/// are sampled: that takes more rounds of few objects.
const SAMPLED: usize = 96_000;
/// Most rounds that count page faults and processor time.
const COUNTED: usize = 20;

/// Numbers of lines with a key or a name each, which are compared with one another.
const LINES: [usize; 4] = [1_000, 4_000, 16_000, 64_000];
/// Lines of all rounds of a number.
const DRY: usize = 640_000;
/// What they are.
const DISTINCT: [(&str, Line); 2] = [
    ("-Q -k <key>", |number| format!("-Q -k {number}")),
    ("-m 4096 -n <name>", |number| format!("-m 4096 -n {number}")),
];

/// Bars: the time of a batch of queues over that of the C program.
const MAX_TIMES_C: [(usize, f64); 2] = [(FEW, 1.0), (MOST, 1.3)];
/// Bar: the user time of a queue among [`MOST`], over that of one among [`FEW`].
const MAX_USER_GROWTH: f64 = 1.2;
/// Bar: the growth of the time of an object, over the same growth of the C program. A fifth is the
/// noise of a quotient of four figures, each with a spread of a tenth or so.
const MAX_GROWTH_TIMES_C: f64 = 1.2;
/// Bar: the user time of a line among the most, over that of one among the fewest. It would be 64
/// if each line were compared with all others.
const MAX_LINE_GROWTH: f64 = 2.0;

/// Random keys that the C program takes from one getrandom(2): 256 bytes, the most that the call
/// always returns whole.
const KEYS: usize = 64;
/// Semaphores of a set.
const SEMAPHORES: usize = 3;

/// Queues and rounds of the shell loops.
const LOOPED: usize = 1_000;
const LOOP_ROUNDS: usize = 5;

/// The programs to measure.
pub struct Programs<'a> {
    /// Our ipcmk.
    pub ours: &'a Path,
    /// util-linux's.
    pub theirs: &'a Path,
    /// A directory for compiled programs and batch files.
    pub scratch: &'a Path,
}

/// Makes the line of a batch from the number of an object, from 1.
type Line = fn(usize) -> String;

/// A kind of objects.
struct Kind {
    /// Their name in tables.
    name: &'static str,
    /// The same for the C program.
    c: &'static str,
    line: Line,
    /// The directory or the table of /proc that lists them.
    list: &'static str,
    /// The sysctl that limits them, and the place of the limit there.
    limit: Option<(&'static str, usize)>,
    /// Whether they have a key or a name, by which they can be removed.
    is_named: bool,
}

const KINDS: [Kind; 5] = [
    Kind {
        name: "queues, random keys",
        c: "queues",
        line: |_| "-Q".to_owned(),
        list: "/proc/sysvipc/msg",
        limit: Some(("kernel.msgmni", 0)),
        is_named: false,
    },
    Kind {
        name: "queues",
        c: "keyed",
        line: |number| format!("-Q -k {number}"),
        list: "/proc/sysvipc/msg",
        limit: Some(("kernel.msgmni", 0)),
        is_named: true,
    },
    Kind {
        name: "sets with values",
        c: "sets",
        line: |number| format!("-S {SEMAPHORES} --value 7 -k {number}"),
        list: "/proc/sysvipc/sem",
        limit: Some(("kernel.sem", 3)),
        is_named: true,
    },
    Kind {
        name: "segments",
        c: "segments",
        line: |number| format!("-M 4096 -k {number}"),
        list: "/proc/sysvipc/shm",
        limit: Some(("kernel.shmmni", 0)),
        is_named: true,
    },
    Kind {
        name: "POSIX shared memory",
        c: "shm",
        line: |number| format!("-m 4096 -n /{number}"),
        list: "/dev/shm",
        limit: None,
        is_named: true,
    },
];

impl Kind {
    /// What is measured: creation and perhaps removal.
    fn actions(&self) -> impl Iterator<Item = String> {
        let removal = self.is_named.then_some("remove");
        let name = self.name;
        ["create"]
            .into_iter()
            .chain(removal)
            .map(move |action| format!("{action} {name}"))
    }

    /// Most objects of a namespace, and what limits them.
    fn most(&self) -> io::Result<Option<(usize, &'static str)>> {
        let Some((name, place)) = self.limit else {
            return Ok(None);
        };
        let text = namespace::sysctl(name)?;
        let most = text.split_ascii_whitespace().nth(place);
        let most = most.and_then(|most| most.parse().ok());
        most.map(|most| Some((most, name)))
            .ok_or_else(|| io::Error::other(format!("{name}: {text}")))
    }

    /// Counts the objects of the namespace.
    fn count(&self) -> io::Result<usize> {
        Ok(if self.limit.is_some() {
            // The table has a head.
            fs::read_to_string(self.list)?.lines().count() - 1
        } else {
            fs::read_dir(self.list)?.count()
        })
    }
}

/// A new namespace. It has as many segments as the kernel allows, 32,768 (IPCMNI), or as the
/// machine has, where only its root may change that.
fn unshare() -> io::Result<()> {
    namespace::unshare()?;
    match namespace::set_sysctl("kernel.shmmni", "32768") {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        set => set,
    }
}

/// One of the two programs, and a number of objects.
struct Run<'a> {
    kind: &'a Kind,
    objects: usize,
    /// Creates the objects, and perhaps removes them.
    commands: Vec<Command>,
    /// Standard output: a memfd.
    output: File,
}

/// The indices of the programs.
const OURS: usize = 0;
const C: usize = 1;

impl<'a> Run<'a> {
    fn new(
        programs: &Programs<'_>,
        kind: &'a Kind,
        objects: usize,
        program: usize,
    ) -> io::Result<Self> {
        let output = file_in_memory()?;
        let mut create = if program == OURS {
            let mut command = silent(programs.ours);
            command
                .arg("--batch")
                .arg(programs.batch(kind.c, kind.line, objects)?);
            command
        } else {
            let mut command = silent(&programs.c(SEMAPHORES));
            command.arg(kind.c).arg(objects.to_string());
            command
        };
        create.stdout(output.try_clone()?);
        let mut commands = vec![create];
        if kind.is_named {
            let mut remove = silent(Path::new(commands[0].get_program()));
            remove
                .args(commands[0].get_args())
                .arg(if program == OURS {
                    "--remove"
                } else {
                    "remove"
                })
                .stdout(output.try_clone()?);
            commands.push(remove);
        }
        Ok(Self {
            kind,
            objects,
            commands,
            output,
        })
    }

    /// Measures the commands in a new namespace. Returns the figure and the output of each.
    fn measure<T>(
        &mut self,
        measure: impl Fn(&mut Command) -> io::Result<T>,
    ) -> io::Result<Vec<(T, String)>> {
        unshare()?;
        let mut figures = Vec::new();
        let mut expected = self.objects;
        for command in &mut self.commands {
            self.output.set_len(0)?;
            self.output.rewind()?;
            let figure = measure(command)?;
            let mut text = String::new();
            self.output.rewind()?;
            self.output.read_to_string(&mut text)?;
            let (exist, printed) = (self.kind.count()?, text.lines().count());
            if exist != expected || printed != self.objects {
                return Err(io::Error::other(format!(
                    "{command:?}: {exist} of {expected} objects, {printed} lines of output",
                )));
            }
            figures.push((figure, text));
            expected = 0;
        }
        if expected != 0 {
            // The end of the namespace would remove them too, but during the next run.
            let ids = figures[0].1.lines().map(|line| line.rsplit(' ').next());
            for id in ids.map(|id| id.and_then(|id| id.parse().ok())) {
                let id = id.ok_or_else(|| io::Error::other("a line without an id"))?;
                namespace::remove(namespace::Kind::Msg, id)?;
            }
        }
        Ok(figures)
    }
}

/// Figures of both programs, for each action.
type Both<T> = Vec<[Vec<T>; 2]>;

/// Measures both programs, which take turns. They must print the same.
fn rounds<T>(
    programs: &Programs<'_>,
    kind: &Kind,
    objects: usize,
    rounds: usize,
    measure: impl Fn(&mut Command) -> io::Result<T>,
) -> io::Result<Both<T>> {
    let mut runs = [
        Run::new(programs, kind, objects, OURS)?,
        Run::new(programs, kind, objects, C)?,
    ];
    let mut both: Both<T> = kind.actions().map(|_| [Vec::new(), Vec::new()]).collect();
    for round in 0..rounds {
        let mut texts = [Vec::new(), Vec::new()];
        for turn in [OURS, C] {
            let program = (round + turn) % runs.len();
            let figures = runs[program].measure(&measure)?;
            for (action, (figure, text)) in both.iter_mut().zip(figures) {
                action[program].push(figure);
                texts[program].push(text);
            }
        }
        if texts[OURS] != texts[C] {
            let [ours, c] = runs.map(|run| run.commands);
            return Err(io::Error::other(format!(
                "{ours:?} and {c:?} print different texts"
            )));
        }
    }
    Ok(both)
}

impl Programs<'_> {
    /// The file of the C program, whose sets have so many semaphores.
    fn c(&self, semaphores: usize) -> PathBuf {
        self.scratch.join(format!("many-{semaphores}"))
    }

    /// Compiles it.
    pub fn compile(&self, semaphores: usize) -> io::Result<PathBuf> {
        let file = self.c(semaphores);
        let status = Command::new("gcc")
            .args(["-static", "-O2", "-s"])
            .arg(format!("-DKEYS={KEYS}"))
            .arg(format!("-DSEMAPHORES={semaphores}"))
            .arg("-o")
            .arg(&file)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/many.c"))
            .status()?;
        if status.success() {
            Ok(file)
        } else {
            Err(io::Error::other(format!("gcc: {status}")))
        }
    }

    /// Writes a file for --batch with this many lines.
    fn batch(&self, name: &str, line: Line, lines: usize) -> io::Result<PathBuf> {
        let file = self.scratch.join(format!("batch-{name}-{lines}"));
        let text: String = (1..=lines).map(|number| line(number) + "\n").collect();
        fs::write(&file, text)?;
        Ok(file)
    }
}

fn file_in_memory() -> io::Result<File> {
    // SAFETY: the name ends with a NUL.
    match unsafe { libc::memfd_create(c"output".as_ptr(), libc::MFD_CLOEXEC) } {
        // SAFETY: the kernel has just made this descriptor for us, and nothing else has it.
        descriptor @ 0.. => Ok(unsafe { File::from_raw_fd(descriptor) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// All figures of an action and a number of objects; of each program.
#[derive(Default)]
struct Cell {
    times: [Vec<Duration>; 2],
    faults: [f64; 2],
    /// Microseconds an object.
    user: Option<[f64; 2]>,
}

impl Cell {
    /// The median time of a program, in milliseconds.
    fn time(&self, program: usize) -> f64 {
        milliseconds(quartile(&mut self.times[program].clone(), 2))
    }

    /// Its shortest time, in milliseconds.
    fn shortest(&self, program: usize) -> f64 {
        milliseconds(quartile(&mut self.times[program].clone(), 0))
    }

    fn times_c(&self) -> f64 {
        self.time(OURS) / self.time(C)
    }

    /// The range of the middle half of a program's times, in per cent of their median.
    fn spread(&self, program: usize) -> f64 {
        let [low, median, high] = [1, 2, 3]
            .map(|number| quartile(&mut self.times[program].clone(), number).as_secs_f64());
        (high - low) / median * 100.0
    }
}

/// The cells of a kind: for each number of objects, and then for each action. None above what the
/// kernel allows.
type Cells = Vec<Option<Vec<Cell>>>;

/// All figures.
struct Growth {
    /// The numbers of objects.
    columns: Vec<usize>,
    kinds: [(&'static Kind, Cells); KINDS.len()],
}

/// A row of a table: an action on a kind, and its cells.
type Row<'a> = (String, Vec<Option<&'a Cell>>);

impl Growth {
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.kinds.iter().flat_map(|(kind, cells)| {
            kind.actions().enumerate().map(|(action, name)| {
                let cells = cells.iter().map(|cell| Some(&cell.as_ref()?[action]));
                (name, cells.collect())
            })
        })
    }

    /// The cell of a row for this number of objects.
    fn cell<'a>(&self, row: &Row<'a>, objects: usize) -> Option<&'a Cell> {
        let column = self.columns.iter().position(|column| *column == objects)?;
        row.1[column]
    }

    /// A table with these rows, of cells that `show` makes.
    fn table(&self, title: &str, show: impl Fn(&Cell) -> Option<String>) -> Report {
        let mut report = Report::new(title, &self.columns);
        for (name, cells) in self.rows() {
            let cells: Vec<String> = cells
                .into_iter()
                .map(|cell| cell.and_then(&show).unwrap_or("-".to_owned()))
                .collect();
            report.row(&name, &cells);
        }
        report
    }

    /// What the times are worth.
    fn noise(&self) -> String {
        let mut spreads: Vec<f64> = self
            .rows()
            .flat_map(|(_, cells)| cells)
            .flatten()
            .flat_map(|cell| [OURS, C].map(|program| cell.spread(program)))
            .collect();
        spreads.sort_by(f64::total_cmp);
        let [usual, most] = [spreads.len() / 2, spreads.len() - 1].map(|place| spreads[place]);
        format!(
            "The middle half of the runs of a figure spans {usual:.0} % of it, half of the figures; {most:.0} % at most."
        )
    }

    /// The growth of the time of an object: that of each from [`MANY`] to [`MOST`], over that of
    /// each from [`FEW`] to [`MANY`]. Of the shortest runs: a thread of the kernel enlarges its
    /// tables of keys, and a run that is ahead of it takes up to twice as long.
    fn growth(&self, row: &Row<'_>, program: usize) -> Option<f64> {
        let each = |from, to| {
            let [less, more] =
                [from, to].map(|objects| Some(self.cell(row, objects)?.shortest(program)));
            Some((more? - less?) / (to - from) as f64)
        };
        Some(each(MANY, MOST)? / each(FEW, MANY)?)
    }
}

/// Measures, prints the tables, and writes them to growth.md and growth.svg in `target`. Returns
/// whether every bar is kept.
pub fn bench(
    programs: &Programs<'_>,
    extent: Extent,
    counter: FaultCounter,
    target: &Path,
) -> Result<bool, Box<dyn Error>> {
    programs.compile(SEMAPHORES)?;
    let sizes = GROWTH
        .into_iter()
        .filter(|(objects, _)| *objects <= extent.objects());
    let sizes: Vec<(usize, usize)> = sizes.collect();
    let (mut growth, mut notes) = plan(sizes.iter().map(|(objects, _)| *objects).collect())?;
    for _ in 0..extent.rounds(PASSES) {
        for (column, &(objects, times)) in sizes.iter().enumerate() {
            for (kind, cells) in &mut growth.kinds {
                let Some(cells) = &mut cells[column] else {
                    continue;
                };
                let times = extent.rounds(times);
                let both = rounds(programs, kind, objects, times, measure::time)?;
                for (cell, both) in cells.iter_mut().zip(both) {
                    for (all, mut times) in cell.times.iter_mut().zip(both) {
                        all.append(&mut times);
                    }
                }
            }
        }
    }
    for (kind, cells) in &mut growth.kinds {
        for (&objects, cells) in growth.columns.iter().zip(cells) {
            if let Some(cells) = cells {
                count(programs, kind, objects, extent, counter, cells)?;
            }
        }
    }

    let runs = sizes
        .iter()
        .map(|(_, times)| (extent.rounds(PASSES) * extent.rounds(*times)).to_string());
    let runs: Vec<String> = runs.collect();
    notes.push(format!(
        "Time: medians of {} runs, from before fork to after wait.",
        runs.join(", ")
    ));
    notes.push(growth.noise());
    let mut time = growth.table("ms: ipcmk / C = quotient", |cell| {
        let [ours, c] = [OURS, C].map(|program| significant(cell.time(program)));
        Some(format!("{ours} / {c} = {:.2}", cell.times_c()))
    });
    time.notes = notes;
    growth.judge_time(&mut time);
    values::judge(programs, extent, &mut time)?;
    looped(programs, extent, &mut time)?;
    time.notes.push(machine()?);

    let pair = |[ours, c]: [f64; 2], digits| format!("{ours:.digits$} / {c:.digits$}");
    let mut user = growth.table("user µs an object: ipcmk / C", |cell| {
        Some(pair(cell.user?, 2))
    });
    user.notes = vec![match counter {
        FaultCounter::Perf => format!(
            "User time: from exec on; of the median processor time of {COUNTED} runs or fewer, the share of the samples in\n\
             user mode (perf events) while {} objects are created.",
            extent.rounds(SAMPLED)
        ),
        FaultCounter::Rusage => {
            "User time: not measured, as the kernel refuses perf events.".to_owned()
        }
    }];
    growth.judge_user(&mut user);
    let mut faults = growth.table("page faults: ipcmk / C", |cell| Some(pair(cell.faults, 0)));
    faults.notes = vec![format!(
        "Page faults: mean of {COUNTED} runs or fewer ({}).",
        counter.name()
    )];
    let distinct = distinct(programs, extent, counter)?;

    let plot = target.join("growth.svg");
    plot::draw(&plot, ["objects", "µs an object"], &growth.panels())?;
    let tables = [&time, &user, &faults, &distinct];
    print!("\n{}", tables.map(Report::plain).join("\n"));
    let picture = "![Time of an object, on logarithmic axes](growth.svg)\n";
    let mut text = tables.map(Report::markdown).to_vec();
    text.insert(1, picture.to_owned());
    fs::write(target.join("growth.md"), text.join("\n"))?;
    Ok(tables.iter().all(|table| table.keeps_bars()))
}

/// The cells to fill, and notes on kinds that end below the largest number.
fn plan(columns: Vec<usize>) -> io::Result<(Growth, Vec<String>)> {
    unshare()?;
    let mut notes = vec![
        "Each column is a number of objects, created in a new IPC namespace; standard output is a memfd."
            .to_owned(),
    ];
    let mut kinds = KINDS.each_ref().map(|kind| (kind, Vec::new()));
    for (kind, cells) in &mut kinds {
        let most = kind.most()?;
        for &objects in &columns {
            let is_allowed = most.is_none_or(|(most, _)| objects <= most);
            cells.push(is_allowed.then(|| kind.actions().map(|_| Cell::default()).collect()));
        }
        if let Some((most, limit)) = most
            && cells.iter().any(Option::is_none)
        {
            notes.push(format!("{} end at {most} ({limit}).", kind.name));
        }
    }
    Ok((Growth { columns, kinds }, notes))
}

/// Counts page faults and, with perf events, measures user time.
fn count(
    programs: &Programs<'_>,
    kind: &Kind,
    objects: usize,
    extent: Extent,
    counter: FaultCounter,
    cells: &mut [Cell],
) -> io::Result<()> {
    let times = extent.rounds(SAMPLED / objects);
    let counted = times.clamp(1, COUNTED);
    let loads = rounds(programs, kind, objects, counted, |command| {
        counter.count(command)
    })?;
    for (cell, loads) in cells.iter_mut().zip(&loads) {
        cell.faults = loads
            .each_ref()
            .map(|loads| mean(loads.iter().map(|load| load.faults as f64)));
    }
    if objects < FEW || !matches!(counter, FaultCounter::Perf) {
        return Ok(());
    }
    let samples = rounds(programs, kind, objects, times.max(1), measure::samples)?;
    for (cell, (loads, samples)) in cells.iter_mut().zip(loads.iter().zip(&samples)) {
        cell.user = Some(
            [OURS, C].map(|program| user_time(&loads[program], &samples[program]) / objects as f64),
        );
    }
    Ok(())
}

/// The user time of a run in microseconds: of the median processor time, the share of the samples.
fn user_time(loads: &[Load], samples: &[Samples]) -> f64 {
    let mut clocks: Vec<Duration> = loads.iter().map(|load| load.clock).collect();
    let clock = quartile(&mut clocks, 2).as_secs_f64() * 1e6;
    let user: u64 = samples.iter().map(|samples| samples.user).sum();
    let all: u64 = samples.iter().map(|samples| samples.all).sum();
    clock * user as f64 / all as f64
}

impl Growth {
    /// The bars of time.
    fn judge_time(&self, report: &mut Report) {
        let [ref queues, ..] = self.rows().collect::<Vec<_>>()[..] else {
            return;
        };
        for (objects, most) in MAX_TIMES_C {
            if let Some(cell) = self.cell(queues, objects) {
                report.bar(
                    &format!("time of {objects} queues in a batch, over that of the C program"),
                    rounded(cell.times_c()),
                    most,
                );
            }
        }
        for row in self.rows() {
            if let [Some(ours), Some(c)] = [OURS, C].map(|program| self.growth(&row, program)) {
                report.bar(
                    &format!(
                        "growth of the time to {}, {ours:.2}, over that of the C program, {c:.2}",
                        row.0
                    ),
                    rounded(ours / c),
                    MAX_GROWTH_TIMES_C,
                );
            }
        }
    }

    /// The bar of user time.
    fn judge_user(&self, report: &mut Report) {
        let rows: Vec<Row<'_>> = self.rows().collect();
        let user = |objects| Some(self.cell(rows.first()?, objects)?.user?[OURS]);
        if let (Some(few), Some(most)) = (user(FEW), user(MOST)) {
            report.bar(
                &format!("user time of a queue among {MOST}, over that among {FEW}"),
                rounded(most / few),
                MAX_USER_GROWTH,
            );
        }
    }

    /// A panel of the plot for each row: microseconds an object.
    fn panels(&self) -> Vec<Panel> {
        let panel = |(title, cells): Row<'_>| Panel {
            title,
            series: [("ipcmk", OURS), ("C", C)]
                .map(|(name, program)| Series {
                    name,
                    points: self
                        .columns
                        .iter()
                        .zip(&cells)
                        .filter_map(|(&objects, cell)| {
                            let objects = objects as f64;
                            Some((objects, cell.as_ref()?.time(program) * 1e3 / objects))
                        })
                        .collect(),
                })
                .into(),
        };
        self.rows().map(panel).collect()
    }
}

/// Measures lines that all name another object, each of which is compared with those before it:
/// --dry-run, which makes no object.
fn distinct(programs: &Programs<'_>, extent: Extent, counter: FaultCounter) -> io::Result<Report> {
    let lines = LINES.into_iter().filter(|lines| *lines <= extent.objects());
    let lines: Vec<usize> = lines.collect();
    let mut report = Report::new("µs a line, --dry-run", &lines);
    for (name, line) in DISTINCT {
        let mut figures = Vec::new();
        for &lines in &lines {
            let mut command = silent(programs.ours);
            command
                .args(["--dry-run", "--batch"])
                .arg(programs.batch("lines", line, lines)?);
            let rounds = extent.rounds(DRY / lines).max(1);
            let runs = &mut [command];
            let time = if let FaultCounter::Perf = counter {
                let loads = take_turns(runs, rounds, |command| counter.count(command))?;
                user_time(&loads[0], &take_turns(runs, rounds, measure::samples)?[0])
            } else {
                let mut times = take_turns(runs, rounds, measure::time)?;
                milliseconds(quartile(&mut times[0], 2)) * 1e3
            };
            figures.push(time / lines as f64);
        }
        let cells: Vec<String> = figures
            .iter()
            .map(|figure| format!("{figure:.2}"))
            .collect();
        report.row(name, &cells);
        if let (Some(few), Some(most)) = (figures.first(), figures.last())
            && lines.len() == LINES.len()
        {
            report.bar(
                &format!(
                    "{name}: a line among {}, over one among {}",
                    lines[3], lines[0]
                ),
                rounded(most / few),
                MAX_LINE_GROWTH,
            );
        }
    }
    report.notes = vec![
        match counter {
            FaultCounter::Perf => "Lines that all name another object; user time as above.",
            FaultCounter::Rusage => {
                "Lines that all name another object; time from before fork to after wait."
            }
        }
        .to_owned(),
    ];
    Ok(report)
}

/// Adds the time of shell loops, which start a program for each queue.
fn looped(programs: &Programs<'_>, extent: Extent, report: &mut Report) -> io::Result<()> {
    let objects = extent.objects().min(LOOPED);
    let mut runs = [programs.ours, programs.theirs].map(|program| {
        // It counts by its arguments, since seq(1) would cost a process, and ends if a run fails.
        let mut command = silent(Path::new("/bin/dash"));
        command
            .args(["-c", r#"for i do "$0" -Q || exit; done"#])
            .arg(program)
            .args((1..=objects).map(|number| number.to_string()));
        command
    });
    let rounds = extent.rounds(LOOP_ROUNDS);
    let mut times = take_turns(&mut runs, rounds, |command| {
        unshare()?;
        let time = measure::time(command)?;
        let [queues, ..] = &KINDS;
        let exist = queues.count()?;
        if exist == objects {
            Ok(time)
        } else {
            Err(io::Error::other(format!(
                "{command:?}: {exist} of {objects} queues"
            )))
        }
    })?;
    let [ours, theirs] = [0, 1].map(|way| milliseconds(quartile(&mut times[way], 2)));
    report.notes.push(format!(
        "A shell loop (dash) of {objects} runs of `ipcmk -Q`: {} ms; of util-linux's: {} ms. Medians of {rounds} runs.",
        significant(ours),
        significant(theirs)
    ));
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

/// A figure with three significant digits.
fn significant(figure: f64) -> String {
    let digits = if figure < 10.0 {
        2
    } else {
        usize::from(figure < 100.0)
    };
    format!("{figure:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        let texts = [1.234, 12.34, 123.4].map(significant);
        assert_eq!(texts, ["1.23", "12.3", "123"]);
    }

    #[test]
    fn user_time_is_a_share_of_the_processor_time() {
        let loads = [90, 100, 150].map(|clock| Load {
            faults: 1,
            clock: Duration::from_micros(clock),
        });
        let samples = [(3, 1), (5, 1)].map(|(all, user)| Samples { all, user });
        assert!((user_time(&loads, &samples) - 25.0).abs() < 1e-9);
    }
}
