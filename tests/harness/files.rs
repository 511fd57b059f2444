//! Creates the files of a case, in the directory where its runs start, and writes to their standard
//! input and FIFOs.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use nix::unistd::{mkdtemp, mkfifo};

use crate::case::{Case, Start};

/// A file in the directory where a run starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewFile {
    /// A regular file with this content.
    Regular(Vec<u8>),
    /// A regular file of so many zeros, which takes no room.
    Hole(u64),
    /// A directory.
    Directory,
    /// A symbolic link to this path.
    Link(Vec<u8>),
    /// A FIFO, to which a thread writes the bytes of the file of this name in each run.
    Fifo(Vec<u8>),
}

/// What standard input is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stdin {
    /// /dev/null.
    #[default]
    Nothing,
    /// No descriptor.
    Closed,
    /// The file of this name.
    File(Vec<u8>),
    /// A pipe, into which a thread writes the bytes of the file of this name.
    Pipe(Vec<u8>),
}

/// Creates the files of a case. Returns the case with their directory, which is removed when the
/// `Scratch` is dropped.
pub fn settle(case: &Case) -> io::Result<(Case, Option<Scratch>)> {
    let mut case = case.clone();
    if case.start.files.is_empty() {
        return Ok((case, None));
    }
    let scratch = Scratch::new()?;
    for (name, file) in &case.start.files {
        let path = scratch.0.join(OsStr::from_bytes(name));
        match file {
            NewFile::Regular(content) => {
                fs::write(&path, content)?;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
            }
            NewFile::Hole(size) => {
                let file = File::create_new(&path)?;
                file.set_len(*size)?;
                file.set_permissions(fs::Permissions::from_mode(0o644))?;
            }
            NewFile::Directory => {
                fs::create_dir(&path)?;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            }
            NewFile::Link(target) => symlink(OsStr::from_bytes(target), &path)?,
            NewFile::Fifo(_) => {
                mkfifo(&path, Mode::from_bits_truncate(0o644))?;
            }
        }
    }
    for (name, mode) in &case.start.modes {
        let path = scratch.0.join(OsStr::from_bytes(name));
        fs::set_permissions(path, fs::Permissions::from_mode(*mode))?;
    }
    case.start.directory = Some(scratch.0.clone());
    Ok((case, Some(scratch)))
}

/// Most bytes of one write(2) into a pipe or FIFO: few, so that the subject reads several pieces.
const PIECE: usize = 1000;

/// The threads that write to a run's standard input and to its FIFOs.
pub struct Input {
    writers: Vec<JoinHandle<io::Result<()>>>,
    fifos: Vec<PathBuf>,
}

impl Input {
    /// Opens standard input, and starts the threads that write to it and to FIFOs.
    pub fn open(start: &Start) -> io::Result<(OwnedFd, Self)> {
        let directory = start.directory.as_deref().unwrap_or(Path::new(""));
        let path = |name: &[u8]| directory.join(OsStr::from_bytes(name));
        let mut input = Self {
            writers: Vec::new(),
            fifos: Vec::new(),
        };
        let stdin = match &start.stdin {
            // `Closed` is closed in the child.
            Stdin::Nothing | Stdin::Closed => File::open("/dev/null")?.into(),
            Stdin::File(name) => File::open(path(name))?.into(),
            Stdin::Pipe(name) => {
                let (reader, writer) = io::pipe()?;
                input.write(path(name), || Ok(writer))?;
                reader.into()
            }
        };
        for (name, file) in &start.files {
            if let NewFile::Fifo(content) = file {
                let fifo = path(name);
                input.fifos.push(fifo.clone());
                input.write(path(content), || OpenOptions::new().write(true).open(fifo))?;
            }
        }
        Ok((stdin, input))
    }

    fn write<W: Write>(
        &mut self,
        content: PathBuf,
        open: impl FnOnce() -> io::Result<W> + Send + 'static,
    ) -> io::Result<()> {
        let content = fs::read(content)?;
        self.writers.push(thread::spawn(move || {
            let mut writer = open()?;
            for piece in content.chunks(PIECE) {
                match writer.write_all(piece) {
                    // The subject has closed it.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
                    result => result?,
                }
            }
            Ok(())
        }));
        Ok(())
    }

    /// Waits until the threads have ended. Call it only after the run's end.
    pub fn finish(self) -> io::Result<()> {
        while !self.writers.iter().all(JoinHandle::is_finished) {
            for fifo in &self.fifos {
                // The run did not open this FIFO: the writer waits in open(2) for a reader. Opening
                // and closing the FIFO lets it continue; a writer that comes later gets the next
                // reader.
                let mut reader = OpenOptions::new();
                drop(
                    reader
                        .read(true)
                        .custom_flags(libc::O_NONBLOCK)
                        .open(fifo)?,
                );
            }
            thread::yield_now();
        }
        let mut ends = self.writers.into_iter().map(JoinHandle::join);
        ends.try_for_each(|end| end.expect("it does not panic"))
    }
}

/// A temporary directory, removed when this is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Creates one that any user can enter.
    pub fn new() -> io::Result<Self> {
        let directory = mkdtemp(&std::env::temp_dir().join("ipcmk-cases-XXXXXX"))?;
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755))?;
        Ok(Self(directory))
    }

    /// The path of a file of this name.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Creates an empty file that any user can write.
    pub fn file(&self) -> io::Result<(PathBuf, File)> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let path = self.join(&COUNT.fetch_add(1, Ordering::Relaxed).to_string());
        let file = File::create_new(&path)?;
        // chmod(2), since open(2) applies the umask.
        file.set_permissions(fs::Permissions::from_mode(0o666))?;
        Ok((path, file))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A failure leaves a directory in the temporary directory, which does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The root of the repository.
///
/// # Panics
/// Never: tests/ is in it.
#[must_use]
pub fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("tests/ is in the repository")
        .to_owned()
}

/// A directory of ours on another one, in this thread's mount namespace.
pub struct Bound {
    /// The directory.
    pub ours: Scratch,
    target: &'static str,
}

impl Bound {
    /// Mounts it.
    ///
    /// # Panics
    /// If that fails.
    pub fn new(ours: Scratch, target: &'static str) -> Self {
        let none = None::<&str>;
        let source = ours.join("");
        mount(Some(&source), target, none, MsFlags::MS_BIND, none).expect("a mount");
        Self { ours, target }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        umount2(self.target, MntFlags::MNT_DETACH).expect("it is mounted");
    }
}
