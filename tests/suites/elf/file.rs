//! An ELF file as the kernel's loader sees it, and what a file of ipcmk must look like.

use std::{env, fs};

use object::Endianness;
use object::elf::{
    EM_386, EM_AARCH64, EM_ARM, EM_RISCV, EM_X86_64, ET_EXEC, FileHeader32, FileHeader64, Machine,
    PF_R, PF_W, PF_X, PT_GNU_STACK, PT_LOAD, ProgramType, SHN_UNDEF, SHT_DYNAMIC, SHT_DYNSYM,
    SHT_NOTE, SHT_REL, SHT_RELA, SHT_SYMTAB, SectionType,
};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

use ipcmk_tests::board::Board;
use ipcmk_tests::{files, suite};

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

/// A file of ipcmk, by its bytes.
pub struct Subject {
    /// Its architecture.
    pub board: &'static Board,
    /// What it holds.
    pub bytes: Vec<u8>,
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
    /// The files under test, of all architectures.
    ///
    /// # Panics
    /// If one is missing.
    pub fn all() -> impl Iterator<Item = Self> {
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

    /// A static executable for its processor.
    ///
    /// # Panics
    /// If that is not so.
    #[track_caller]
    pub fn is_a_static_executable(&self) {
        let (name, file) = (self.name(), self.file());
        let (machine, ..) = facts(self.board);
        assert_eq!(file.machine, machine, "{name}");
        assert!(file.is_executable, "{name}");
    }

    /// One segment to load, and a stack. There is no interpreter and no dynamic section either:
    /// the list of segments is complete.
    ///
    /// # Panics
    /// If that is not so.
    #[track_caller]
    pub fn has_one_segment(&self) {
        // Distributions set vm.mmap_min_addr to 64 KiB at most.
        const LOWEST: u64 = 0x1_0000;
        let (name, file) = (self.name(), self.file());
        let (.., page) = facts(self.board);
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

    /// Nothing to write to, to relocate or to look up.
    ///
    /// # Panics
    /// If that is not so.
    #[track_caller]
    pub fn has_nothing_to_write(&self) {
        const UNWANTED: [SectionType; 6] = [
            SHT_REL,
            SHT_RELA,
            SHT_DYNAMIC,
            SHT_DYNSYM,
            SHT_SYMTAB,
            SHT_NOTE,
        ];
        const EMPTY: [&str; 11] = [
            ".data",
            ".bss",
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
        let (name, file) = (self.name(), self.file());
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

    /// No table of addresses: a constant, but one that our own settings do without.
    ///
    /// # Panics
    /// If that is not so.
    #[track_caller]
    pub fn has_no_got(&self) {
        for section in self.file().sections {
            let is_got = section.name.starts_with(".got") && section.bytes > 0;
            assert!(!is_got, "{}: {}", self.name(), section.name);
        }
    }

    /// Nothing of the machine that built it, and no text of a panic, which would mean that a panic
    /// can be reached.
    ///
    /// # Panics
    /// If that is not so.
    #[track_caller]
    pub fn tells_nothing(&self) {
        let repository = files::repository();
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
        for text in texts {
            assert!(
                !self.contains(text.as_bytes()),
                "{} holds {text:?}",
                self.name()
            );
        }
        // This search must find a text that is there.
        assert!(self.contains(b"Shared memory id: "), "{}", self.name());
    }
}
