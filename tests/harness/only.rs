//! What a case is about by right, so that it can run there only: the size of the subject's words,
//! of the kernel's, of pages.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use nix::sys::utsname::uname;
use nix::unistd::{SysconfVar, sysconf};

/// The size of a program's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// armv7, i686.
    Bits32,
    /// x86_64, aarch64, riscv64.
    Bits64,
}

impl Word {
    /// That of the program in this ELF file; of a script, that of this process.
    pub fn of(program: &Path) -> io::Result<Self> {
        /// ELFMAG, and then ELFCLASS32 or ELFCLASS64: elf.h.
        const CLASSES: [([u8; 5], Word); 2] = [
            (*b"\x7fELF\x01", Word::Bits32),
            (*b"\x7fELF\x02", Word::Bits64),
        ];
        let mut begin = Vec::new();
        File::open(program)?.take(5).read_to_end(&mut begin)?;
        let class = CLASSES.into_iter().find(|class| class.0[..] == begin);
        let own = if cfg!(target_pointer_width = "64") {
            Self::Bits64
        } else {
            Self::Bits32
        };
        Ok(class.map_or(own, |class| class.1))
    }

    /// That of this machine's kernel.
    fn of_kernel() -> io::Result<Self> {
        let machine = uname()?.machine().to_os_string();
        let machine = machine.to_string_lossy();
        let is_i386 = machine.starts_with('i') && machine.ends_with("86");
        if is_i386 || machine.starts_with("arm") {
            Ok(Self::Bits32)
        } else {
            Ok(Self::Bits64)
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bits32 => "32-bit",
            Self::Bits64 => "64-bit",
        })
    }
}

impl FromStr for Word {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = [Self::Bits32, Self::Bits64].into_iter();
        let found = all.find(|word| word.to_string() == text);
        found.ok_or_else(|| format!("{text:?} is neither 32-bit nor 64-bit"))
    }
}

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// A subject with such words.
    Subject(Word),
    /// A kernel with such words.
    Kernel(Word),
    /// Pages of so many bytes.
    Pages(u64),
    /// Huge pages of so many bytes, by default; None is any.
    HugePages(Option<u64>),
}

impl Only {
    /// Whether a subject with such words is what the case is about, on this machine.
    pub fn holds(self, subject: Word) -> io::Result<bool> {
        Ok(match self {
            Self::Subject(word) => word == subject,
            Self::Kernel(word) => word == Word::of_kernel()?,
            Self::Pages(bytes) => {
                let size = sysconf(SysconfVar::PAGE_SIZE)?;
                size.and_then(|size| u64::try_from(size).ok()) == Some(bytes)
            }
            Self::HugePages(bytes) => {
                let figures = fs::read_to_string("/proc/meminfo")?;
                let kilobytes = figures
                    .lines()
                    .find_map(|line| line.strip_prefix("Hugepagesize:")?.strip_suffix(" kB"));
                let kilobytes = kilobytes.and_then(|number| number.trim().parse::<u64>().ok());
                let size = kilobytes.map(|kilobytes| kilobytes << 10);
                size.is_some_and(|size| bytes.is_none_or(|bytes| bytes == size))
            }
        })
    }
}

impl fmt::Display for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(word) => write!(f, "{word}"),
            Self::Kernel(word) => write!(f, "{word} kernel"),
            Self::Pages(bytes) => write!(f, "pages of {bytes}"),
            Self::HugePages(None) => f.write_str("huge pages"),
            Self::HugePages(Some(bytes)) => write!(f, "huge pages of {bytes}"),
        }
    }
}

impl FromStr for Only {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = |number: &str| {
            let number = number.parse::<u64>();
            number.map_err(|_| format!("{text:?}: not a number of bytes"))
        };
        if let Some(word) = text.strip_suffix(" kernel") {
            return word.parse().map(Self::Kernel);
        }
        if let Some(number) = text.strip_prefix("pages of ") {
            return bytes(number).map(Self::Pages);
        }
        if let Some(number) = text.strip_prefix("huge pages of ") {
            return bytes(number).map(Some).map(Self::HugePages);
        }
        if text == "huge pages" {
            return Ok(Self::HugePages(None));
        }
        text.parse().map(Self::Subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_about_some_subjects_and_machines() {
        let holds = |text: &str| {
            let only: Only = text.parse().expect(text);
            assert_eq!(only.to_string(), text);
            only.holds(Word::Bits32).expect(text)
        };
        assert!(holds("32-bit") && !holds("64-bit"));
        // The tests run on a kernel of 64 bits.
        assert!(holds("64-bit kernel") && !holds("32-bit kernel"));
        assert!(!holds("pages of 4095") && !holds("huge pages of 4096"));
        assert_ne!(holds("pages of 4096"), holds("pages of 65536"));
        for wrong in [
            "",
            "16-bit",
            "32-bit kernels",
            "pages of 4K",
            "huge pages of",
        ] {
            assert!(wrong.parse::<Only>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_program_tells_the_size_of_its_words() {
        assert_eq!(Word::of(Path::new("/bin/sh")).unwrap(), Word::Bits64);
        assert_eq!(Word::of(Path::new("/etc/passwd")).unwrap(), Word::Bits64);
        assert!(Word::of(Path::new("/no/such/program")).is_err());
    }
}
