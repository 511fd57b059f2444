//! Runs case files in one place, and counts the results.
//!
//! ```text
//! cases --place <place> --subject <file> [--through <program>] [--tally <file>] <directory or
//! .case file>... [-- <libtest arguments>] cases --faults all|some [--sample] --place <place>
//! --subject <file> <directory or .case file>... cases --observer --place <place> --subject <file>
//! cases --util-linux [--subject <file>] <directory or .case file>...
//! ```
//!
//! As process 1 of an emulated machine it takes its arguments from the kernel's command line: see
//! [`ipcmk_tests::guest`].

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use ipcmk_tests::case::{self, Case, Version};
use ipcmk_tests::differences;
use ipcmk_tests::faults::reach::Reach;
use ipcmk_tests::faults::report::Report;
use ipcmk_tests::faults::{self, Choice, Extent};
use ipcmk_tests::guest;
use ipcmk_tests::inherited;
use ipcmk_tests::namespace::{self, Object, Window};
use ipcmk_tests::observer;
use ipcmk_tests::only::Word;
use ipcmk_tests::place::Place;
use ipcmk_tests::posix;
use ipcmk_tests::runner::{Runner, Verdict};
use ipcmk_tests::subject::{self, Subject};
use libtest_mimic::{Arguments, Completion, Trial};

const USAGE: &str = "\
usage: cases --place <place> --subject <file> [options] <directory or .case file>... [-- <libtest arguments>]

  --place <place>       native, qemu-user-<architecture>, kernel-<architecture>, kernel-5.10 or util-linux
  --subject <file>      the ipcmk to test (in the place util-linux by default the one in PATH)
  --util-linux          the same as --place util-linux
  --through <program>   run the subject by this emulator, as in --through qemu-aarch64, or by this dynamic loader,
                        beside which its libraries are
  --faults all|some     run each case thousands of times, with faults at its system calls
  --sample              only with a sample of them
  --observer            run no cases, but lines beside another user who tries to use half-made objects
  --tally <file>        append `place passed failed not-here` to this file

A directory stands for the .case files in it, and for the list ../differences.txt beside it. After `--`: a filter,
--list, --exact, --test-threads <n> and the like; `-- --help` lists them.";

fn main() -> ExitCode {
    if let Some(code) = observer::play() {
        return code;
    }
    if let Err(error) = inherited::settle() {
        eprintln!("cases: what its caller has set cannot be changed: {error}");
        return ExitCode::from(2);
    }
    if guest::is_init() {
        guest::run(|arguments| match run(arguments, "TALLY ") {
            Ok(_) => {}
            Err(message) => println!("cases: {message}"),
        });
    }
    match run(std::env::args().skip(1).collect(), "") {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("cases: {message}");
            ExitCode::from(2)
        }
    }
}

/// The options of the command line.
struct Options {
    place: Place,
    subject: PathBuf,
    through: Option<PathBuf>,
    tally: Option<PathBuf>,
    faults: Option<Choice>,
    observer: bool,
    paths: Vec<PathBuf>,
    libtest: Vec<String>,
}

impl Options {
    fn parse(arguments: Vec<String>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter();
        let (mut place, mut subject, mut through, mut tally) = (None, None, None, None);
        let (mut extent, mut sample, mut observer) = (None, false, false);
        let mut paths = Vec::new();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{argument} needs a value\n{USAGE}"))
            };
            match argument.as_str() {
                "--" => break,
                "--place" => place = Some(value()?.parse::<Place>()?),
                "--util-linux" => place = Some(Place::UtilLinux),
                "--subject" => subject = Some(PathBuf::from(value()?)),
                "--through" => through = Some(PathBuf::from(value()?)),
                "--faults" => extent = Some(value()?.parse::<Extent>()?),
                "--sample" => sample = true,
                "--tally" => tally = Some(PathBuf::from(value()?)),
                "--observer" => observer = true,
                option if option.starts_with('-') => {
                    return Err(format!("{option} is no option\n{USAGE}"));
                }
                path => paths.push(PathBuf::from(path)),
            }
        }
        let place = place.ok_or_else(|| format!("--place is missing\n{USAGE}"))?;
        let subject = match subject {
            Some(subject) => subject,
            None if place == Place::UtilLinux => {
                subject::util_linux_ipcmk().map_err(|error| error.to_string())?
            }
            None => return Err(format!("--subject is missing\n{USAGE}")),
        };
        if paths.is_empty() != observer {
            return Err(format!("no cases, or an observer beside them\n{USAGE}"));
        }
        if extent.is_some() && through.is_some() {
            return Err("--faults needs ptrace, which does not work through an emulator".into());
        }
        if extent.is_none() && sample {
            return Err(format!("--sample is of --faults\n{USAGE}"));
        }
        Ok(Self {
            place,
            subject,
            through,
            tally,
            faults: extent.map(|extent| Choice { extent, sample }),
            observer,
            paths,
            libtest: arguments.collect(),
        })
    }
}

/// How many cases passed, failed, and could not run here.
#[derive(Clone, Copy, Default)]
struct Tally {
    passed: u64,
    failed: u64,
    not_here: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.passed, self.failed, self.not_here)
    }
}

/// Runs all cases. Returns whether there were any and none failed. `announce` is printed before the
/// tally, if that goes to standard output.
fn run(arguments: Vec<String>, announce: &str) -> Result<bool, String> {
    let options = Options::parse(arguments)?;
    let libtest = Arguments::from_iter(["cases".to_owned()].into_iter().chain(options.libtest));
    let in_subject = |error| format!("{}: {error}", options.subject.display());
    let word = Word::of(&options.subject).map_err(in_subject)?;
    let cases = load(&options.paths, word)?;
    let place = options.place;

    let mut machine =
        Machine::observe().map_err(|error| format!("this machine's own objects: {error}"))?;
    let privilege = namespace::obtain_privilege()
        .map_err(|error| format!("cannot make an IPC namespace of its own: {error}"))?;
    let subject = Subject::new(&options.subject, options.through.as_deref()).map_err(in_subject)?;
    let util_linux = if place == Place::UtilLinux {
        subject.util_linux_version()?
    } else {
        Version::default()
    };
    let runner = Arc::new(Runner {
        place,
        subject,
        privilege,
        util_linux,
    });

    let absent = Arc::new(Mutex::new(Vec::new()));
    let report = Arc::new(Mutex::new(Report::default()));
    let mut required = Reach::default();
    let trials = match options.faults {
        Some(choice) => {
            let trials;
            (trials, required) = faults::trials(&cases, &runner, choice, &report)?;
            trials
        }
        None if options.observer => observer::trials::step_by_step_trials(&runner),
        None => cases
            .into_iter()
            .map(|case| trial(case, &runner, &absent))
            .collect(),
    };
    let conclusion = libtest_mimic::run(&libtest, trials);
    if libtest.list {
        return Ok(true);
    }

    let mut tally = Tally {
        passed: conclusion.num_passed,
        failed: conclusion.num_failed,
        not_here: conclusion.num_ignored,
    };
    let mut absent = std::mem::take(
        &mut *absent
            .lock()
            .expect("no case panics while it holds this lock"),
    );
    absent.sort();
    for line in absent {
        println!("not in {place}: {line}");
    }
    if options.faults.is_some() {
        let report = report.lock().unwrap_or_else(PoisonError::into_inner);
        println!("\n{report}\n{place}: {}", report.summary());
        let missed = required.without(report.reach());
        let is_whole = libtest.filter.is_none() && libtest.skip.is_empty();
        if is_whole && !missed.is_empty() {
            println!("FAILED: the sample has not reached:\n{missed}");
            tally.failed += 1;
        }
    }
    if let Err(change) = machine.check() {
        println!("FAILED: the machine's own objects have changed:\n{change}");
        tally.failed += 1;
    }
    let ran = tally.passed + tally.failed > 0;
    if !ran {
        println!("FAILED: no case ran in {place}");
        tally.failed += 1;
    }
    println!(
        "{place}: {} cases passed, {} failed, {} cannot run here",
        tally.passed, tally.failed, tally.not_here
    );
    let line = format!("{place} {tally}\n");
    if !announce.is_empty() {
        print!("{announce}{line}");
    }
    if let Some(file) = options.tally {
        append(&file, &line).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(tally.failed == 0)
}

fn append(file: &Path, line: &str) -> io::Result<()> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?
        .write_all(line.as_bytes())
}

/// Reads all case files, and compares differences.txt with them if that exists.
fn load(paths: &[PathBuf], word: Word) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for path in paths {
        let in_path = |error: io::Error| format!("{}: {error}", path.display());
        if !path.is_dir() {
            cases.extend(parse(path, word)?);
            continue;
        }
        let entries = fs::read_dir(path)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(in_path)?;
        let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
        files.retain(|file| {
            file.extension()
                .is_some_and(|extension| extension == "case")
        });
        files.sort();
        let found = files
            .iter()
            .map(|file| parse(file, word))
            .collect::<Result<Vec<_>, _>>()?
            .concat();
        let list = path.join("../differences.txt");
        match fs::read_to_string(&list) {
            Ok(content) => differences::check(&list, &content, &found)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{}: {error}", list.display())),
        }
        cases.extend(found);
    }
    Ok(cases)
}

fn parse(file: &Path, word: Word) -> Result<Vec<Case>, String> {
    let content =
        fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    case::parse(file, &content, word)
}

fn trial(case: Case, runner: &Arc<Runner>, absent: &Arc<Mutex<Vec<String>>>) -> Trial {
    let stem = case
        .position
        .file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let name = format!("{stem}: {}", case.title);
    let (runner, absent) = (Arc::clone(runner), Arc::clone(absent));
    Trial::ignorable_test(name.clone(), move || match runner.run(&case) {
        Verdict::Passed => Ok(Completion::Completed),
        Verdict::Failed(report) => Err(report.into()),
        Verdict::NotHere(reason) => {
            absent
                .lock()
                .expect("no case panics while it holds this lock")
                .push(format!("{name}: {reason}"));
            Ok(Completion::ignored_with(reason))
        }
    })
}

/// The IPC namespace and the /dev/shm in which the runner was started.
struct Machine {
    window: Window,
    before: Vec<Object>,
    /// None without root, which is needed to list the machine's queues.
    posix: Option<(posix::Window, Vec<posix::Object>)>,
}

impl Machine {
    fn observe() -> io::Result<Self> {
        let mut window = Window::open()?;
        let before = window.objects()?;
        let posix = match posix::Window::open() {
            Ok(window) => {
                let before = window.objects()?;
                Some((window, before))
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                println!(
                    "only root sees whether POSIX objects are left in this machine's namespaces"
                );
                None
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            window,
            before,
            posix,
        })
    }

    /// Checks that it still holds the same objects.
    fn check(&mut self) -> Result<(), String> {
        let after = self.window.objects().map_err(|error| error.to_string())?;
        let known = |list: &[Object], object: &Object| {
            list.iter().any(|other| {
                (other.kind, other.id, other.key) == (object.kind, object.id, object.key)
            })
        };
        let gone = self
            .before
            .iter()
            .filter(|object| !known(&after, object))
            .map(|object| format!("  gone: {object}\n"));
        let new = after
            .iter()
            .filter(|object| !known(&self.before, object))
            .map(|object| format!("  new: {object}\n"));
        let mut changes: String = gone.chain(new).collect();
        if let Some((window, before)) = &self.posix {
            let after = window.objects().map_err(|error| error.to_string())?;
            // The owner of an object may use it, which changes it.
            let known = |list: &[posix::Object], object: &posix::Object| {
                let mut list = list.iter();
                list.any(|other| (&other.name, other.inode) == (&object.name, object.inode))
            };
            let gone = before.iter().filter(|object| !known(&after, object));
            let new = after.iter().filter(|object| !known(before, object));
            changes.extend(gone.map(|object| format!("  gone: {object}\n")));
            changes.extend(new.map(|object| format!("  new: {object}\n")));
        }
        if changes.is_empty() {
            Ok(())
        } else {
            Err(changes)
        }
    }
}
