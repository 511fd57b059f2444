//! The binaries as the kernel's loader sees them, and the linker's assertions that keep them
//! so.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use ipcmk_tests::board::Board;
use ipcmk_tests::only::Word;
use ipcmk_tests::suite;
use object::Endianness;
use object::elf::{
    EM_386, EM_AARCH64, EM_ARM, EM_RISCV, EM_X86_64, ET_EXEC, FileHeader32, FileHeader64, Machine,
    PF_R, PF_W, PF_X, PT_GNU_STACK, PT_LOAD, ProgramType, SHN_UNDEF, SHT_DYNAMIC, SHT_DYNSYM,
    SHT_NOTE, SHT_REL, SHT_RELA, SHT_SYMTAB,
};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

const E: Endianness = Endianness::Little;

/// A binary under test.
struct Subject {
    path: PathBuf,
    machine: Machine,
    /// Bytes of the largest page of a kernel for it.
    page: u64,
    /// What its address is a multiple of.
    address: u64,
    bytes: Vec<u8>,
}

/// Runs a check on the header of each file, which has one of two forms.
macro_rules! for_each_header {
    ($check:ident) => {
        for subject in Subject::all() {
            match Word::of(&subject.path).expect("an ELF file") {
                Word::Bits64 => $check::<FileHeader64<Endianness>>(&subject),
                Word::Bits32 => $check::<FileHeader32<Endianness>>(&subject),
            }
        }
    };
}

impl Subject {
    fn all() -> Vec<Self> {
        let subject = |board: &Board| {
            let (machine, page, address) = match board.name {
                "x86_64" => (EM_X86_64, 0x1000, 0x1000),
                "aarch64" => (EM_AARCH64, 0x10000, 0x10000),
                "riscv64" => (EM_RISCV, 0x1000, 0x10000),
                "armv7" => (EM_ARM, 0x1000, 0x1000),
                "i686" => (EM_386, 0x1000, 0x1000),
                name => panic!("{name}: what is its e_machine?"),
            };
            let path = suite::ipcmk(board.name);
            Self {
                bytes: fs::read(&path).expect("the file under test"),
                path,
                machine,
                page,
                address,
            }
        };
        Board::all().iter().map(subject).collect()
    }

    fn header<H: FileHeader<Endian = Endianness>>(&self) -> &H {
        H::parse(&*self.bytes).unwrap_or_else(|error| panic!("{}: {error}", self.name()))
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn contains(&self, text: &[u8]) -> bool {
        self.bytes.windows(text.len()).any(|window| window == text)
    }
}

#[test]
fn each_is_a_static_executable_for_its_processor() {
    for_each_header!(is_a_static_executable);
}

fn is_a_static_executable<H: FileHeader<Endian = Endianness>>(subject: &Subject) {
    let (name, header) = (subject.name(), subject.header::<H>());
    assert!(header.is_little_endian(), "{name}");
    assert_eq!(header.e_machine(E), subject.machine, "{name}");
    assert_eq!(header.e_type(E), ET_EXEC, "{name}");
}

/// There is no interpreter and no dynamic section either: the list of segments is complete.
#[test]
fn each_has_one_segment_to_load_and_a_stack() {
    for_each_header!(has_one_segment);
}

fn has_one_segment<H: FileHeader<Endian = Endianness>>(subject: &Subject) {
    // aarch64 has pages of 64 KiB at most, and distributions set vm.mmap_min_addr to at most that.
    const LOWEST: u64 = 0x1_0000;
    let (name, header) = (subject.name(), subject.header::<H>());
    let segments = header.program_headers(E, &*subject.bytes).expect(&name);
    let kinds: Vec<ProgramType> = segments.iter().map(|segment| segment.p_type(E)).collect();
    assert_eq!(kinds, [PT_LOAD, PT_GNU_STACK], "{name}");
    let [load, stack] = segments else {
        unreachable!("see above")
    };

    assert_eq!(load.p_flags(E), PF_R | PF_X, "{name}: R-X");
    let [file, memory, offset, address, align] = [
        load.p_filesz(E),
        load.p_memsz(E),
        load.p_offset(E),
        load.p_vaddr(E),
        load.p_align(E),
    ]
    .map(Into::<u64>::into);
    assert_eq!(file, memory, "{name}: nothing to zero");
    assert_eq!(offset, 0, "{name}: headers included");
    assert_eq!(address % subject.address, 0, "{name}: {address:#x}");
    assert!(
        align >= subject.page && align.is_power_of_two(),
        "{name}: {align:#x}"
    );
    assert_eq!(align % subject.page, 0, "{name}: {align:#x}");
    assert_eq!(address % align, 0, "{name}: {address:#x}");
    assert!(address >= LOWEST, "{name}: {address:#x}");
    let entry: u64 = header.e_entry(E).into();
    assert!(
        (address..address + memory).contains(&entry),
        "{name}: {entry:#x}"
    );

    assert_eq!(stack.p_flags(E), PF_R | PF_W, "{name}: no executable stack");
}

#[test]
fn each_has_nothing_to_write_to_relocate_or_look_up() {
    for_each_header!(has_nothing_to_look_up);
}

fn has_nothing_to_look_up<H: FileHeader<Endian = Endianness>>(subject: &Subject) {
    let (name, header) = (subject.name(), subject.header::<H>());
    let sections = header.sections(E, &*subject.bytes).expect(&name);
    for section in sections.iter() {
        let section_name = sections.section_name(E, section).expect(&name);
        let section_name = String::from_utf8_lossy(section_name);
        let unwanted = [
            SHT_REL,
            SHT_RELA,
            SHT_DYNAMIC,
            SHT_DYNSYM,
            SHT_SYMTAB,
            SHT_NOTE,
        ];
        assert!(
            !unwanted.contains(&section.sh_type(E)),
            "{name}: {section_name}"
        );
        let is_unwanted =
            |start: &&&str| section_name.starts_with(**start) && section.sh_size(E).into() > 0;
        let found = [
            ".data",
            ".bss",
            ".got",
            ".rel",
            ".tdata",
            ".tbss",
            ".eh_frame",
            ".init",
            ".fini",
            ".comment",
        ]
        .iter()
        .find(is_unwanted);
        assert_eq!(found, None, "{name}");
    }
    let symbols = sections
        .symbols(E, &*subject.bytes, SHT_SYMTAB)
        .expect(&name);
    assert!(symbols.is_empty(), "{name}: not stripped");
    assert_ne!(
        header.e_shstrndx(E),
        SHN_UNDEF,
        "{name}: the sections above have names"
    );
}

/// Nothing of the machine that built them, and no text of a panic, which would mean that a panic
/// can be reached.
#[test]
fn each_tells_nothing_of_its_making() {
    let repository = repository();
    let home = env::var("HOME").expect("HOME");
    let texts = [
        "/home",
        "/root",
        "/rustc",
        ".cargo",
        "/target/",
        "panicked",
        "src/",
        ".rs",
        "unwrap()",
        "overflow",
        repository.to_str().expect("a path in UTF-8"),
        &home,
    ];
    for subject in Subject::all() {
        for text in texts {
            assert!(
                !subject.contains(text.as_bytes()),
                "{} holds {text:?}",
                subject.name()
            );
        }
        // This search must find a text that is there.
        assert!(
            subject.contains(b"Shared memory id: "),
            "{}",
            subject.name()
        );
    }
}

/// The root of the repository.
fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("tests/ is in the repository")
        .to_owned()
}

/// A copy of the sources, to be broken.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if root.exists() {
            fs::remove_dir_all(&root).expect("an earlier copy");
        }
        fs::create_dir_all(&root).expect("room for a copy");
        for entry in [
            ".cargo",
            "Cargo.toml",
            "Cargo.lock",
            "build.rs",
            "linker",
            "src",
            "tests",
            "dist",
            "README.md",
        ] {
            let from = repository().join(entry);
            if from.exists() {
                copy(&from, &root.join(entry)).expect(entry);
            }
        }
        Self(root)
    }

    /// Inserts `statements` at the beginning of the library's `write_all`, which every run calls.
    fn spoil(&self, statements: &str) {
        let file = self.0.join("src/kernel/port.rs");
        let source = fs::read_to_string(&file).expect("src/kernel/port.rs");
        let function = source
            .find("pub fn write_all<")
            .expect("kernel.rs has write_all");
        let body = function + source[function..].find("{\n").expect("and it has a body") + 2;
        let (before, after) = source.split_at(body);
        fs::write(&file, format!("{before}{statements}\n{after}")).expect("src/kernel/port.rs");
    }

    /// Links the program as `make build` does. Returns the linker's message if that fails. The
    /// copies share their builds of other crates.
    fn link(&self, arch: &str) -> Result<(), String> {
        let mut command = match arch {
            "x86_64" => Command::new(env::var_os("CARGO").expect("cargo sets it")),
            _ => {
                let mut cross = Command::new(self.0.join("tests/tools/cross.sh"));
                cross.arg(arch);
                cross
            }
        };
        let flags = [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "RUSTC",
            "RUSTC_WRAPPER",
        ];
        for variable in flags {
            command.env_remove(variable);
        }
        let output = command
            .args(["build", "--release", "--offline", "--bin", "ipcmk"])
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", self.0.join("target"))
            .output()
            .expect("cargo starts");
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    #[track_caller]
    fn does_not_link(&self, arch: &str, reasons: &[&str]) {
        let said = self.link(arch).expect_err("it links");
        for reason in reasons {
            let reason = format!("ERROR(ipcmk): {reason}");
            assert!(said.contains(&reason), "{arch}: no {reason:?} in\n{said}");
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // A failure leaves a directory in the target directory, which does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Copies a file, or a directory with all that it contains.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

const ARCHES: [&str; 2] = ["x86_64", "aarch64"];

/// The same sources give the same file in any directory. (This also shows that an unbroken copy
/// links, so the tests below fail for the right reason.)
#[test]
fn a_copy_elsewhere_gives_the_same_files() {
    let copy = Copy::new("unspoilt");
    let files = [
        "target/release/ipcmk",
        "target/cross/aarch64-unknown-linux-gnu/release/ipcmk",
    ];
    for ((arch, file), subject) in ARCHES.into_iter().zip(files).zip(Subject::all()) {
        assert_eq!(copy.link(arch), Ok(()), "{arch}");
        let built = fs::read(copy.0.join(file)).expect(file);
        // assert_eq would print both files.
        assert!(
            built == subject.bytes,
            "{} is not what these sources make: `make build`",
            subject.name()
        );
    }
}

/// Both in one copy: a link takes ten seconds.
#[test]
fn a_static_that_changes_does_not_link() {
    let copy = Copy::new("static");
    copy.spoil(
        "    use core::sync::atomic::{AtomicUsize, Ordering};
    static ZERO: AtomicUsize = AtomicUsize::new(0);
    static SEVEN: AtomicUsize = AtomicUsize::new(7);
    for calls in [&ZERO, &SEVEN] {
        if calls.fetch_add(1, Ordering::Relaxed) == 9 {
            return Err(Errno::EIO);
        }
    }",
    );
    let reasons = [
        "a static that starts as zeros can change (.bss)",
        "a static with an initial value can change (.data)",
    ];
    for arch in ARCHES {
        copy.does_not_link(arch, &reasons);
    }
}

#[test]
fn a_panic_that_can_be_reached_does_not_link() {
    let copy = Copy::new("panic");
    copy.spoil(
        "    #[expect(clippy::indexing_slicing, reason = \"that is the test\")]
    if bytes[100] == b'x' {
        return Err(Errno::EIO);
    }",
    );
    for arch in ARCHES {
        copy.does_not_link(arch, &["a panic can be reached in this release build"]);
    }
}
