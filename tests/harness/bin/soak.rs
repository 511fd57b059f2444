//! `make soak`: a million runs one after the other, each of which creates an object that is removed
//! at once.
//!
//! ```text
//! soak [<runs>]
//! ```
//!
//! Every run must succeed, and print its line and nothing else. Every object that is looked at must
//! be as requested, and none may be left. The time of a run and the kernel's memory at the
//! beginning and at the end are printed for a reader to judge, since other processes affect them.
//! The exit status is 1 if anything is wrong. All runs are in an IPC namespace that ends with the
//! soak.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io::{self, PipeReader, Read};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use ipcmk_tests::line::{Line, Makes, QUEUE, SEGMENT, SET};
use ipcmk_tests::namespace::{self, Kind};
use ipcmk_tests::suite::{self, reproduce};

/// Number of runs by default.
const RUNS: usize = 1_000_000;
/// Runs before the kernel's memory is measured first, which fill its caches.
const WARM_UP: usize = 1_200;
/// Runs after each of which the namespace is checked to be empty.
const BLOCK: usize = 10_000;
/// The object of every 97th run is looked at. A prime, so that each line has its turn.
const SAMPLE: usize = 97;
/// Time in which the kernel frees what it frees late.
const SETTLE: Duration = Duration::from_secs(2);
/// Caches of the kernel that every run uses: for its objects, and for its process.
const CACHES: [&str; 8] = [
    "shmem_inode_cache",
    "kmalloc-cg-192",
    "kmalloc-cg-256",
    "kmalloc-cg-512",
    "kmalloc-cg-1k",
    "filp",
    "task_struct",
    "pid",
];
/// Most other caches in the report: those that grew or shrank most.
const MOST_CHANGED: usize = 6;

const LINES: [Line; 6] = [
    Line {
        words: &["-Q"],
        makes: &[QUEUE],
    },
    Line {
        words: &["-S", "1"],
        makes: &[Makes { size: 1, ..SET }],
    },
    Line {
        words: &["-M", "4096"],
        makes: &[SEGMENT],
    },
    Line {
        words: &["--keyed", "-Q", "0x1234", "-p", "8192"],
        makes: &[Makes {
            size: 8192,
            ..keyed(QUEUE)
        }],
    },
    Line {
        words: &["--keyed", "-S", "0x1234", "-s", "3"],
        makes: &[keyed(SET)],
    },
    Line {
        words: &["--keyed", "-M", "0x1234", "-p", "64K", "--mode", "600"],
        makes: &[Makes {
            size: 65536,
            mode: 0o600,
            ..keyed(SEGMENT)
        }],
    },
];

const fn keyed(makes: Makes) -> Makes {
    Makes {
        prints: "",
        key: Some(0x1234),
        mode: 0o666,
        ..makes
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let runs = match arguments.as_slice() {
        [] => Some(RUNS),
        [runs] => runs.parse().ok().filter(|&runs| runs >= 10),
        _ => None,
    };
    let Some(runs) = runs else {
        eprintln!("usage: soak [<runs>], at least 10 of them");
        return ExitCode::from(2);
    };
    match soak(&suite::x86_64(), runs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

fn soak(program: &Path, runs: usize) -> io::Result<()> {
    namespace::obtain_privilege()?;
    namespace::unshare()?;
    let mut bench = Bench::new(program)?;
    for number in 0..WARM_UP {
        bench.run(number)?;
    }
    let before = Kernel::now()?;
    let start = Instant::now();
    let mut times = Vec::with_capacity(runs);
    for number in 0..runs {
        times.push(bench.run(number)?);
        let done = number + 1;
        if done % BLOCK == 0 || done == runs {
            nothing_left()?;
        }
        if done % (runs / 10) == 0 {
            let last = &times[done - runs / 10..];
            let seconds = start.elapsed().as_secs();
            println!(
                "{done} runs, {seconds} s; the last {}: {} µs",
                last.len(),
                spread(last)
            );
        }
    }
    let elapsed = start.elapsed();
    let after = Kernel::now()?;

    print!("\n{}", report(&before, &after));
    println!(
        "one that is left by every run of one line: {:+}",
        runs / LINES.len()
    );
    println!("\ntime of a run, from before fork to after wait: median and quartiles, µs");
    let tenth = runs / 10;
    let tenths = [&times[..tenth], &times[runs - tenth..]].map(spread);
    println!("  first tenth  {}\n  last tenth   {}", tenths[0], tenths[1]);
    let blocks: Vec<f64> = times
        .chunks(BLOCK)
        .map(|block| quartile(block, 2))
        .collect();
    let extreme = |choose: fn(f64, f64) -> f64| blocks.iter().copied().reduce(choose);
    println!(
        "  medians of {BLOCK} runs each: {:.1} to {:.1}",
        extreme(f64::min).unwrap_or_default(),
        extreme(f64::max).unwrap_or_default()
    );
    let ids: Vec<String> = Kind::ALL
        .iter()
        .zip(bench.highest)
        .map(|(kind, id)| format!("{kind} {id}"))
        .collect();
    println!("highest ids: {}", ids.join(", "));
    before.judge(&after, runs)?;
    println!(
        "{runs} runs in {:.0} s: each printed its object, {} were looked at, nothing is left",
        elapsed.as_secs_f64(),
        bench.looked_at
    );
    Ok(())
}

/// The commands, and the pipes that all runs write to: creating new pipes would take as long as a
/// run.
struct Bench<'a> {
    program: &'a Path,
    commands: Vec<Command>,
    out: PipeReader,
    err: PipeReader,
    /// By kind, in the order of [`Kind::ALL`].
    highest: [i32; 3],
    looked_at: usize,
}

impl<'a> Bench<'a> {
    fn new(program: &'a Path) -> io::Result<Self> {
        let (out, to_out) = io::pipe()?;
        let (err, to_err) = io::pipe()?;
        // A run has ended before its output is read, so the read never waits.
        for pipe in [&out, &err] {
            // SAFETY: no pointer.
            if unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) } != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        let null = File::open("/dev/null")?;
        let command = |line: &Line| {
            // The standard library starts a command without hooks by posix_spawn(3).
            let mut command = Command::new(program);
            command
                .arg0("ipcmk")
                .args(line.words)
                .env_clear()
                .stdin(null.try_clone()?)
                .stdout(to_out.try_clone()?)
                .stderr(to_err.try_clone()?);
            Ok(command)
        };
        Ok(Self {
            program,
            commands: LINES.iter().map(command).collect::<io::Result<_>>()?,
            out,
            err,
            highest: [-1; 3],
            looked_at: 0,
        })
    }

    /// Creates an object and removes it. Returns the time of the run in nanoseconds.
    fn run(&mut self, number: usize) -> io::Result<u32> {
        let turn = number % LINES.len();
        let (line, command) = (&LINES[turn], &mut self.commands[turn]);
        let start = Instant::now();
        let status = command.spawn()?.wait()?;
        let time = start.elapsed();
        let (out, err) = (read(&mut self.out)?, read(&mut self.err)?);
        let wrong = |what: &str| {
            io::Error::other(format!(
                "run {number}: {what}: {status}, out \"{}\", err \"{}\"\n{}",
                out.escape_ascii(),
                err.escape_ascii(),
                reproduce(self.program, line.words)
            ))
        };
        if !status.success() || !err.is_empty() {
            return Err(wrong("it failed"));
        }
        let ids = line.ids(&out).ok_or_else(|| wrong("it printed no id"))?;
        if number.is_multiple_of(SAMPLE) {
            let objects = namespace::objects()?;
            let right = |(object, (makes, id)): (&namespace::Object, (&Makes, &i32))| {
                object.id == *id && makes.is(object)
            };
            if objects.len() != ids.len()
                || !objects.iter().zip(line.makes.iter().zip(&ids)).all(right)
            {
                return Err(wrong(&format!("not what was asked for: {objects:?}")));
            }
            self.looked_at += 1;
        }
        for (makes, &id) in line.makes.iter().zip(&ids) {
            namespace::remove(makes.kind, id)
                .map_err(|error| wrong(&format!("its object cannot be removed: {error}")))?;
            for (kind, highest) in Kind::ALL.into_iter().zip(&mut self.highest) {
                if kind == makes.kind {
                    *highest = id.max(*highest);
                }
            }
        }
        Ok(u32::try_from(time.as_nanos()).unwrap_or(u32::MAX))
    }
}

/// Reads what is in a pipe.
fn read(pipe: &mut PipeReader) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4096];
    let length = match pipe.read(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        length => length?,
    };
    bytes.truncate(length);
    Ok(bytes)
}

fn nothing_left() -> io::Result<()> {
    match namespace::objects()?.as_slice() {
        [] => Ok(()),
        left => Err(io::Error::other(format!("left behind: {left:?}"))),
    }
}

/// A quartile in microseconds.
fn quartile(times: &[u32], number: usize) -> f64 {
    let mut times = times.to_vec();
    let place = number * (times.len() - 1) / 4;
    let (_, time, _) = times.select_nth_unstable(place);
    f64::from(*time) / 1e3
}

fn spread(times: &[u32]) -> String {
    let [low, median, high] = [1, 2, 3].map(|number| quartile(times, number));
    format!("{median:.1} ({low:.1}-{high:.1})")
}

/// The kernel's memory and files.
struct Kernel {
    /// Open files, of all processes.
    files: i64,
    /// Our own descriptors.
    descriptors: usize,
    /// Lines of /proc/meminfo, in kB.
    memory: BTreeMap<String, i64>,
    /// Caches of /proc/slabinfo; empty without the permission to read it.
    caches: BTreeMap<String, Cache>,
}

/// A cache of objects of one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cache {
    /// Objects in use.
    objects: i64,
    /// Bytes of an object.
    size: i64,
}

impl Kernel {
    fn now() -> io::Result<Self> {
        thread::sleep(SETTLE);
        let bad = |file: &str| io::Error::other(format!("{file} is not as expected"));
        let files = fs::read_to_string("/proc/sys/fs/file-nr")?;
        let files = files.split_whitespace().next().map(str::parse);
        let memory = meminfo(&fs::read_to_string("/proc/meminfo")?);
        Ok(Self {
            files: files.and_then(Result::ok).ok_or_else(|| bad("file-nr"))?,
            descriptors: fs::read_dir("/proc/self/fd")?.count(),
            memory: memory.ok_or_else(|| bad("meminfo"))?,
            caches: match fs::read_to_string("/proc/slabinfo") {
                Ok(table) => slabinfo(&table).ok_or_else(|| bad("slabinfo"))?,
                Err(_) => BTreeMap::new(),
            },
        })
    }

    /// Fails on a leak that cannot be due to other processes.
    fn judge(&self, after: &Self, runs: usize) -> io::Result<()> {
        /// Files that other processes may have opened meanwhile. A leak in one of the lines would
        /// be one file for every sixth run.
        const OTHERS: i64 = 1_000;

        if after.descriptors != self.descriptors {
            let (before, after) = (self.descriptors, after.descriptors);
            let what = format!("{before} descriptors were open and {after} are");
            return Err(io::Error::other(what));
        }
        let more = after.files - self.files;
        if more > OTHERS.max(runs as i64 / 100) {
            return Err(io::Error::other(format!("{more} more files are open")));
        }
        // SAFETY: the kernel writes no status to a null pointer.
        let child = unsafe { libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG) };
        if child >= 0 {
            return Err(io::Error::other("a child has not been waited for"));
        }
        Ok(())
    }
}

fn meminfo(text: &str) -> Option<BTreeMap<String, i64>> {
    let row = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let value = value.trim().trim_end_matches(" kB").parse().ok()?;
        Some((name.to_owned(), value))
    };
    text.lines().map(row).collect()
}

fn slabinfo(text: &str) -> Option<BTreeMap<String, Cache>> {
    let row = |line: &str| {
        let mut fields = line.split_whitespace();
        let name = fields.next()?.to_owned();
        let objects = fields.next()?.parse().ok()?;
        let size = fields.nth(1)?.parse().ok()?;
        Some((name, Cache { objects, size }))
    };
    // Two lines of heading.
    text.lines().skip(2).map(row).collect()
}

/// Formats a table of the kernel's memory before and after.
fn report(before: &Kernel, after: &Kernel) -> String {
    const MEMORY: [&str; 7] = [
        "MemAvailable",
        "Slab",
        "SReclaimable",
        "SUnreclaim",
        "KernelStack",
        "PageTables",
        "Percpu",
    ];
    let mut rows = vec![("open files".to_owned(), before.files, after.files)];
    for name in MEMORY {
        if let (Some(&before), Some(&after)) = (before.memory.get(name), after.memory.get(name)) {
            rows.push((format!("{name}, kB"), before, after));
        }
    }
    let mut caches: Vec<(&String, Cache, Cache)> = after
        .caches
        .iter()
        .map(|(name, &after)| {
            (
                name,
                before.caches.get(name).copied().unwrap_or_default(),
                after,
            )
        })
        .collect();
    let bytes = |(_, before, after): &(&String, Cache, Cache)| {
        ((after.objects - before.objects) * after.size).abs()
    };
    // Those of [`CACHES`] first.
    let place = |name: &str| {
        let named = CACHES.iter().position(|&named| named == name);
        named.unwrap_or(CACHES.len())
    };
    caches.sort_by_key(|row| (place(row.0), -bytes(row)));
    let named = caches
        .iter()
        .filter(|row| place(row.0) < CACHES.len())
        .count();
    for (name, before, after) in caches.into_iter().take(named + MOST_CHANGED) {
        let label = format!("objects of {name} ({} bytes)", after.size);
        rows.push((label, before.objects, after.objects));
    }
    let mut text = format!(
        "{:<44} {:>12} {:>12} {:>12}\n",
        "", "before", "after", "change"
    );
    for (label, before, after) in rows {
        let change = after - before;
        text.push_str(&format!(
            "{label:<44} {before:>12} {after:>12} {change:>+12}\n"
        ));
    }
    if after.caches.is_empty() {
        text.push_str("/proc/slabinfo cannot be read here\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles() {
        let times = [5_000, 1_000, 4_000, 3_000, 2_500];
        assert_eq!(spread(&times), "3.0 (2.5-4.0)");
        assert_eq!(spread(&[7_000]), "7.0 (7.0-7.0)");
    }

    #[test]
    fn what_nobody_else_can_have_done_is_an_error() {
        let kernel = |files, descriptors| Kernel {
            files,
            descriptors,
            memory: BTreeMap::new(),
            caches: BTreeMap::new(),
        };
        let judge = |files, descriptors, runs| {
            let judged = kernel(300, 9).judge(&kernel(files, descriptors), runs);
            judged.map_err(|error| error.to_string())
        };
        assert_eq!(judge(300, 9, 10), Ok(()));
        assert_eq!(judge(200, 9, 10), Ok(()));
        assert_eq!(judge(1300, 9, 10), Ok(()));
        assert!(judge(1301, 9, 10).is_err());
        assert_eq!(judge(10_300, 9, 1_000_000), Ok(()));
        assert!(judge(10_301, 9, 1_000_000).is_err());
        assert!(judge(300, 10, 10).is_err());
        let mut child = Command::new("true").spawn().expect("it starts");
        assert!(judge(300, 9, 10).is_err(), "a child is left");
        // waitpid(2) in `judge` may have taken its status.
        drop(child.wait());
    }

    #[test]
    fn tables_of_the_kernel_are_read() {
        let memory = meminfo("MemTotal:       24684456 kB\nHugePages_Total:       0\n");
        let memory = memory.expect("it is one");
        assert_eq!(
            (memory["MemTotal"], memory["HugePages_Total"]),
            (24_684_456, 0)
        );
        assert_eq!(meminfo("nonsense\n"), None);
        let caches = slabinfo(
            "slabinfo - version: 2.1\n# name ...\n\
             shmem_inode_cache   1200   1210    720   11    2 : tunables    0    0    0 : slabdata    110    110      0\n",
        );
        let expected = Cache {
            objects: 1200,
            size: 720,
        };
        assert_eq!(caches.expect("it is one")["shmem_inode_cache"], expected);
        assert_eq!(slabinfo("a\nb\nc d\n"), None);
    }
}
