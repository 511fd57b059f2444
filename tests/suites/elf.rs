//! The files as the kernel's loader sees them, and the linker's assertions that keep them so.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use ipcmk_tests::board::Board;
use ipcmk_tests::suite;
use object::Endianness;
use object::elf::{
    EM_386, EM_AARCH64, EM_ARM, EM_RISCV, EM_X86_64, ET_EXEC, FileHeader32, FileHeader64, Machine,
    PF_R, PF_W, PF_X, PT_GNU_STACK, PT_LOAD, ProgramType, SHN_UNDEF, SHT_DYNAMIC, SHT_DYNSYM,
    SHT_NOTE, SHT_REL, SHT_RELA, SHT_SYMTAB, SectionType,
};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

const E: Endianness = Endianness::Little;

/// Machine, whether a word has 64 bits, and bytes of the largest page of a kernel for it.
fn facts(board: &Board) -> (Machine, bool, u64) {
    match board.name {
        "x86_64" => (EM_X86_64, true, 0x1000),
        "aarch64" => (EM_AARCH64, true, 0x1_0000),
        "riscv64" => (EM_RISCV, true, 0x1000),
        "armv7" => (EM_ARM, false, 0x1000),
        "i686" => (EM_386, false, 0x1000),
        name => panic!("{name}: add its row"),
    }
}

/// A file under test.
struct Subject {
    board: &'static Board,
    bytes: Vec<u8>,
}

/// What a file says of itself.
struct File {
    machine: Machine,
    is_executable: bool,
    entry: u64,
    segments: Vec<Segment>,
    sections: Vec<Section>,
    has_symbols: bool,
    names_sections: bool,
}

struct Segment {
    kind: ProgramType,
    flags: u32,
    offset: u64,
    address: u64,
    align: u64,
    bytes_in_file: u64,
    bytes: u64,
}

struct Section {
    name: String,
    kind: SectionType,
    bytes: u64,
}

impl File {
    fn parse<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> object::read::Result<Self> {
        let header = H::parse(bytes)?;
        assert!(header.is_little_endian());
        let sections = header.sections(E, bytes)?;
        let segment = |segment: &H::ProgramHeader| Segment {
            kind: segment.p_type(E),
            flags: segment.p_flags(E).0,
            offset: segment.p_offset(E).into(),
            address: segment.p_vaddr(E).into(),
            align: segment.p_align(E).into(),
            bytes_in_file: segment.p_filesz(E).into(),
            bytes: segment.p_memsz(E).into(),
        };
        let section = |section: &H::SectionHeader| {
            let name = sections.section_name(E, section)?;
            Ok(Section {
                name: String::from_utf8_lossy(name).into_owned(),
                kind: section.sh_type(E),
                bytes: section.sh_size(E).into(),
            })
        };
        Ok(Self {
            machine: header.e_machine(E),
            is_executable: header.e_type(E) == ET_EXEC,
            entry: header.e_entry(E).into(),
            segments: header
                .program_headers(E, bytes)?
                .iter()
                .map(segment)
                .collect(),
            sections: sections.iter().map(section).collect::<Result<_, _>>()?,
            has_symbols: !sections.symbols(E, bytes, SHT_SYMTAB)?.is_empty(),
            names_sections: header.e_shstrndx(E) != SHN_UNDEF,
        })
    }
}

impl Subject {
    fn all() -> impl Iterator<Item = Self> {
        Board::all().iter().map(|board| Self {
            board,
            bytes: fs::read(suite::ipcmk(board.name)).expect("the file under test"),
        })
    }

    fn file(&self) -> File {
        let (_, is_64_bit, _) = facts(self.board);
        let file = if is_64_bit {
            File::parse::<FileHeader64<Endianness>>(&self.bytes)
        } else {
            File::parse::<FileHeader32<Endianness>>(&self.bytes)
        };
        file.unwrap_or_else(|error| panic!("{}: {error}", self.name()))
    }

    fn name(&self) -> &'static str {
        self.board.name
    }

    fn contains(&self, text: &[u8]) -> bool {
        self.bytes.windows(text.len()).any(|window| window == text)
    }
}

#[test]
fn each_is_a_static_executable_for_its_processor() {
    for subject in Subject::all() {
        let (name, file) = (subject.name(), subject.file());
        let (machine, ..) = facts(subject.board);
        assert_eq!(file.machine, machine, "{name}");
        assert!(file.is_executable, "{name}");
    }
}

/// There is no interpreter and no dynamic section either: the list of segments is complete.
#[test]
fn each_has_one_segment_to_load_and_a_stack() {
    // Distributions set vm.mmap_min_addr to 64 KiB at most.
    const LOWEST: u64 = 0x1_0000;
    for subject in Subject::all() {
        let (name, file) = (subject.name(), subject.file());
        let (.., page) = facts(subject.board);
        let kinds: Vec<ProgramType> = file.segments.iter().map(|segment| segment.kind).collect();
        assert_eq!(kinds, [PT_LOAD, PT_GNU_STACK], "{name}");
        let [load, stack] = &*file.segments else {
            unreachable!("see above")
        };

        assert_eq!(load.flags, (PF_R | PF_X).0, "{name}: R-X");
        assert_eq!(load.bytes_in_file, load.bytes, "{name}: nothing to zero");
        assert_eq!(load.offset, 0, "{name}: headers included");
        let (address, align) = (load.address, load.align);
        assert!(
            align >= page && align.is_power_of_two(),
            "{name}: {align:#x}"
        );
        assert_eq!(align % page, 0, "{name}: {align:#x}");
        assert_eq!(address % align, 0, "{name}: {address:#x}");
        assert!(address >= LOWEST, "{name}: {address:#x}");
        assert!(
            (address..address + load.bytes).contains(&file.entry),
            "{name}: {:#x}",
            file.entry
        );

        assert_eq!(stack.flags, (PF_R | PF_W).0, "{name}: no executable stack");
    }
}

#[test]
fn each_has_nothing_to_write_to_relocate_or_look_up() {
    const UNWANTED: [SectionType; 6] = [
        SHT_REL,
        SHT_RELA,
        SHT_DYNAMIC,
        SHT_DYNSYM,
        SHT_SYMTAB,
        SHT_NOTE,
    ];
    const EMPTY: [&str; 12] = [
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
        ".ARM.ex",
        ".sdata",
    ];
    for subject in Subject::all() {
        let (name, file) = (subject.name(), subject.file());
        for section in &file.sections {
            assert!(
                !UNWANTED.contains(&section.kind),
                "{name}: {}",
                section.name
            );
            let found = EMPTY
                .iter()
                .find(|start| section.name.starts_with(**start) && section.bytes > 0);
            assert_eq!(found, None, "{name}");
        }
        assert!(!file.has_symbols, "{name}: not stripped");
        assert!(file.names_sections, "{name}: the sections above have names");
    }
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
            _ => Command::new(self.0.join("tests/tools/cross.sh")),
        };
        if arch != "x86_64" {
            command.arg(arch);
        }
        let rust = repository().join("target/rust/rustc");
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
            // The copy has no compiler of its own: see rust.sh.
            .env("CROSS_RUSTC", format!("rustc {}", rust.display()))
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
