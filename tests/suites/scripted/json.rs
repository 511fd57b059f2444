//! Objects in JSON.

use std::fmt::Write as _;

use ipcmk::kernel::errno::Errno;
use ipcmk::kernel::object::{Id, Kind};
use ipcmk::kernel::port::{
    Attributes, Fd, File, Identity, Input, Kernel, Limits, Owner, Properties, Space, State,
};
use ipcmk::kernel::posix::Path;

use crate::script::{
    AskLimits, AskState, BlockSignals, Call, Get, Memory, NEW, SHM_RMID_FORCED, error, ok, play,
    run_on, silent, try_failures,
};
use syscalls::Sysno;

#[test]
fn what_is_created_is_described_as_it_was_asked_for() {
    let script = vec![
        (Call::Room, 0),
        (BlockSignals, 0),
        (SHM_RMID_FORCED, 0),
        (
            Get(Kind::Shm, 0x4d, i64::MAX.unsigned_abs(), NEW | 0o640),
            0,
        ),
        (Get(Kind::Queue, 0x4d, 0, NEW | 0o640), 2_147_483_647),
        (AskLimits(Kind::Queue), 0),
        (Get(Kind::Sem, 0x4d, 3, NEW | 0o640), 30),
        ok("{\"ipcmk\": [\n\
            {\"kind\": \"shmem\", \"id\": 0, \"key\": \"0x0000004d\", \"mode\": \"0640\", \"size\": 9223372036854775807, \"created\": true},\n\
            {\"kind\": \"queue\", \"id\": 2147483647, \"key\": \"0x0000004d\", \"mode\": \"0640\", \"qbytes\": 1000, \"created\": true},\n\
            {\"kind\": \"semaphore\", \"id\": 30, \"key\": \"0x0000004d\", \"mode\": \"0640\", \"nsems\": 3, \"created\": true}\n]}\n"),
    ];
    for line in [
        "-J -k 77 -M 9223372036854775807 -Q -S 3 -p 640",
        "-rJ -k 77 -M 9223372036854775807 -Q -S 3 -p 640",
        "-k 77 -M 9223372036854775807 -Q -S 3 -p 640 --json --raw",
    ] {
        assert_eq!(try_failures(line, &[(0, script.clone())]), 6);
    }
}

/// A found object that goes before the kernel tells what it is.
#[test]
fn what_is_found_may_go() {
    let text = "{\"ipcmk\": [\n\
        {\"kind\": \"shmem\", \"id\": 10, \"key\": \"0x00000007\", \"mode\": null, \"size\": null, \"created\": false},\n\
        {\"kind\": \"queue\", \"id\": 20, \"key\": \"0x00000007\", \"mode\": null, \"qbytes\": null, \"created\": false},\n\
        {\"kind\": \"semaphore\", \"id\": 30, \"key\": \"0x00000007\", \"mode\": null, \"nsems\": null, \"created\": false}\n]}\n";
    for errno in [libc::EIDRM, libc::EINVAL] {
        let script = [
            (Call::Room, 0),
            (BlockSignals, 0),
            (Get(Kind::Shm, 7, 1, 0), 10),
            error(AskState(Kind::Shm, 10), errno),
            (Get(Kind::Queue, 7, 0, 0), 20),
            error(AskState(Kind::Queue, 20), errno),
            (Get(Kind::Sem, 7, 1, 0), 30),
            error(AskState(Kind::Sem, 30), errno),
            ok(text),
        ];
        assert_eq!(play("-J -e -k 7 -M 1 -Q -S 1", script), silent());
    }
}

/// A kernel that has these lines in its only file, finds every file, and makes every object, and
/// what it is told to write.
struct Willing<'a> {
    /// Files that it was asked for.
    identified: u64,
    lines: &'a [u8],
    memory: Memory,
    made: u64,
    removed: u64,
    output: Vec<u8>,
    told: Vec<u8>,
}

impl<'a> Willing<'a> {
    fn new(lines: &'a [u8]) -> Self {
        Self {
            lines,
            memory: Memory::default(),
            made: 0,
            removed: 0,
            identified: 0,
            output: Vec::new(),
            told: Vec::new(),
        }
    }
}

impl Kernel for Willing<'_> {
    fn block_signals(&mut self) -> Result<(), Errno> {
        Ok(())
    }

    fn ipc_get(&mut self, _: Kind, _: u64, _: u32, _: u32) -> Result<Id, Errno> {
        self.made += 1;
        Ok(7)
    }

    fn ipc_set(&mut self, _: Kind, _: Id, _: Properties) -> Result<(), Errno> {
        Ok(())
    }

    fn sem_setall(&mut self, _: Id, _: &[u16]) -> Result<(), Errno> {
        Ok(())
    }

    fn semop(&mut self, _: Id, _: [i16; 2]) -> Result<(), Errno> {
        Ok(())
    }

    fn shm_lock(&mut self, _: Id) -> Result<(), Errno> {
        Ok(())
    }

    fn ipc_stat(&mut self, _: Kind, _: Id) -> Result<State, Errno> {
        panic!("all objects are new");
    }

    fn ipc_rmid(&mut self, _: Kind, _: Id) -> Result<(), Errno> {
        self.removed += 1;
        Ok(())
    }

    fn open_tmpfile(&mut self, _: u32) -> Result<Fd, Errno> {
        Ok(Fd(3))
    }

    fn open_new(&mut self, _: &Path) -> Result<Fd, Errno> {
        panic!("files need no other name");
    }

    fn mq_create(&mut self, _: &Path, _: u32, _: Option<Attributes>) -> Result<Fd, Errno> {
        self.made += 1;
        Ok(Fd(3))
    }

    fn ftruncate(&mut self, _: Fd, _: u64) -> Result<(), Errno> {
        Ok(())
    }

    fn fallocate(&mut self, _: Fd, _: u64) -> Result<(), Errno> {
        Ok(())
    }

    fn fchown(&mut self, _: Fd, _: Owner) -> Result<(), Errno> {
        Ok(())
    }

    fn fchmod(&mut self, _: Fd, _: u32) -> Result<(), Errno> {
        Ok(())
    }

    fn umask(&mut self) -> Result<u32, Errno> {
        panic!("no mode is cut");
    }

    fn linkat(&mut self, _: Fd, _: &Path) -> Result<(), Errno> {
        self.made += 1;
        Ok(())
    }

    fn linkat_path(&mut self, _: &Path, _: &Path) -> Result<(), Errno> {
        panic!("files have no other name");
    }

    fn is_same(&mut self, _: Fd, _: &Path) -> Result<bool, Errno> {
        panic!("files have no other name");
    }

    fn close(&mut self, _: Fd) -> Result<(), Errno> {
        Ok(())
    }

    fn unlink(&mut self, _: Kind, _: &Path) -> Result<(), Errno> {
        self.removed += 1;
        Ok(())
    }

    fn mq_open(&mut self, _: &Path) -> Result<Fd, Errno> {
        panic!("there is none");
    }

    fn statx(&mut self, _: Option<Fd>, _: &Path) -> Result<State, Errno> {
        Ok(State {
            mode: libc::S_IFREG | 0o640,
            amount: 4096,
        })
    }

    fn statfs(&mut self) -> Result<Space, Errno> {
        panic!("nothing was refused");
    }

    fn random(&mut self) -> Result<u32, Errno> {
        Ok(1)
    }

    fn read<'b>(&mut self, _: File<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8], Errno> {
        buffer.fill(b'0');
        Ok(buffer)
    }

    fn identify(&mut self, _: &[u8]) -> Result<Identity, Errno> {
        // Each file is another one.
        self.identified += 1;
        Ok(Identity {
            ino: self.identified,
            dev: 2,
        })
    }

    fn read_whole<'a>(&mut self, _: Input<'_>) -> Result<&'a [u8], Errno> {
        // SAFETY: as below.
        let lines = unsafe { self.memory.map(self.lines.len(), 0) };
        lines.copy_from_slice(self.lines);
        Ok(lines)
    }

    fn mmap_bytes<'a>(&mut self, count: usize) -> Result<&'a mut [u8], Errno> {
        self.mmap(count, 0)
    }

    fn mmap<'a, T: Copy + 'a>(&mut self, count: usize, value: T) -> Result<&'a mut [T], Errno> {
        // SAFETY: the one run on this kernel is over when it is dropped.
        Ok(unsafe { self.memory.map(count, value) })
    }

    fn mq_getattr(&mut self, _: Fd) -> Result<Attributes, Errno> {
        Err(Errno::ENOSYS)
    }

    fn prlimit(&mut self, _: usize) -> Result<u64, Errno> {
        panic!("nothing was refused");
    }

    fn ipc_info(&mut self, _: Kind) -> Result<Limits, Errno> {
        Err(Errno::ENOSYS)
    }

    fn is_filtered(&mut self) -> bool {
        false
    }

    fn probe(&mut self, _: Sysno, _: usize) -> Option<Errno> {
        None
    }

    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno> {
        let to = match fd {
            Fd::OUT => &mut self.output,
            Fd::ERR => &mut self.told,
            _ => return Ok(bytes.len()),
        };
        to.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn ppoll(&mut self, _: Fd) -> Result<(), Errno> {
        panic!("there is room to write");
    }
}

/// The path of ftok(3) is a string if it is UTF-8 and takes no escapes, else an array of bytes: of
/// any first byte and what can follow it, right or wrong. The judge of UTF-8 is the standard
/// library.
#[test]
fn any_path_can_be_told() {
    let mut paths: Vec<Vec<u8>> = vec![vec![]];
    let next = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff, b'a'];
    for first in 0..=255 {
        paths.push(vec![first]);
        if first < 0xc0 {
            paths.extend(next.map(|second| vec![first, second]));
            continue;
        }
        paths.extend((0..=255).map(|second| vec![first, second]));
        for second in next {
            for third in next {
                paths.push(vec![first, second, third]);
                if first >= 0xf0 {
                    paths.extend(next.map(|fourth| vec![first, second, third, fourth]));
                }
            }
        }
    }
    for text in [
        "\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}",
        "\u{d7ff}\u{e000}",
        "żółć/Ω",
    ] {
        paths.push(text.into());
    }
    // More than four bytes are no character.
    for first in [0xf8, 0xfb, 0xfc, 0xfd, 0xfe, 0xff] {
        paths.extend((5..=8).map(|length| {
            let mut path = vec![0x80; length];
            path[0] = first;
            path
        }));
    }
    let is_word = |path: &Vec<u8>| !path.iter().any(u8::is_ascii_whitespace);
    paths.retain(is_word);
    assert!(paths.len() > 40_000, "{}", paths.len());
    let mut strings = 0;
    for paths in paths.chunks(4096) {
        let mut lines = Vec::new();
        let mut expected = String::from("{\"ipcmk\": [");
        for (index, path) in paths.iter().enumerate() {
            // A colon at the end keeps what stands before it.
            lines.extend([b"-Q --ftok=", path.as_slice(), b":1\n"].concat());
            let text = match str::from_utf8(path) {
                Ok(text) if !text.contains(|c| c < ' ' || c == '"' || c == '\\') => {
                    strings += 1;
                    format!("\"{text}\"")
                }
                _ => format!("{path:?}"),
            };
            let key = 0x0102_0000 + index + 1;
            let comma = if index == 0 { "" } else { "," };
            write!(
                expected,
                "{comma}\n{{\"kind\": \"queue\", \"id\": 7, \"key\": \"{key:#010x}\", \"path\": {text}, \"mode\": \"0644\", \
                 \"qbytes\": null, \"created\": true}}"
            )
            .expect("a string takes all");
        }
        expected.push_str("\n]}\n");
        let kernel = || Willing::new(&lines);
        let (status, output) = run_on("-J --batch jobs", kernel, |kernel| {
            (kernel.told.clone(), kernel.output.clone())
        });
        assert_eq!((status, output.0.as_slice()), (0, &b""[..]));
        let output = String::from_utf8(output.1).expect("JSON is UTF-8");
        for (ours, expected) in output.lines().zip(expected.lines()) {
            assert_eq!(ours, expected);
        }
        assert_eq!(output.len(), expected.len());
    }
    assert!(strings > 3_000, "{strings} strings");
}

/// The output has room for whatever the lines have, however long their paths are as arrays.
#[test]
fn all_of_it_fits() {
    let mut lines = Vec::new();
    for first in b'0'..b'0' + 50 {
        lines.extend(
            [
                b"-M 1 -Q -S 1 --ftok ".as_slice(),
                &[first],
                &[0xff; 4000][..],
                b"\n",
            ]
            .concat(),
        );
    }
    let (status, (made, removed, output, told)) = run_on(
        "-J --batch jobs",
        || Willing::new(&lines),
        |kernel| {
            let told = String::from_utf8_lossy(&kernel.told).into_owned();
            (kernel.made, kernel.removed, kernel.output.len(), told)
        },
    );
    assert_eq!((status, made, removed, told.as_str()), (0, 150, 0, ""));
    assert!(output > 150 * 4000 * "255, ".len(), "{output}");
}
