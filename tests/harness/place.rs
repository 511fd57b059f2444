//! Names the places where cases run.

use std::fmt;
use std::str::FromStr;

use crate::board::Board;

/// A place where cases run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The subject on this machine's own kernel and processor.
    Native,
    /// The subject for an architecture under qemu's user-mode emulation, on this machine's kernel.
    QemuUser(&'static Board),
    /// A whole machine of an architecture under qemu, in which the runner is process 1.
    Kernel(&'static Board),
    /// The same, of any architecture, with Linux 5.10.
    Kernel5_10,
    /// util-linux's ipcmk instead of ours, to check the cases themselves.
    UtilLinux,
}

impl Place {
    /// Every place.
    pub fn all() -> impl Iterator<Item = Self> {
        let emulated = Board::emulated().map(|(board, _)| Self::QemuUser(board));
        let booted = Board::all().iter().map(Self::Kernel);
        let others = [Self::Kernel5_10, Self::UtilLinux];
        [Self::Native]
            .into_iter()
            .chain(emulated)
            .chain(booted)
            .chain(others)
    }

    /// Whether the runner is process 1 of a machine that is there for the cases alone.
    pub const fn is_booted(self) -> bool {
        matches!(self, Self::Kernel(_) | Self::Kernel5_10)
    }

    /// The names of all places.
    pub fn names() -> String {
        let names = Self::all().map(|place| place.to_string());
        names.collect::<Vec<_>>().join(", ")
    }
}

/// Its name in case files, on command lines and in reports.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("native"),
            Self::QemuUser(board) => write!(f, "qemu-user-{}", board.name),
            Self::Kernel(board) => write!(f, "kernel-{}", board.name),
            Self::Kernel5_10 => f.write_str("kernel-5.10"),
            Self::UtilLinux => f.write_str("util-linux"),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut places = Self::all();
        let place = places.find(|place| place.to_string() == name);
        place.ok_or_else(|| format!("{name:?} is no place; the places are {}", Self::names()))
    }
}

/// The places that a `not:` line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// One.
    One(Place),
    /// Every architecture under qemu's user-mode emulation.
    QemuUser,
}

impl Places {
    /// Whether it is one of them.
    pub fn contain(self, place: Place) -> bool {
        match self {
            Self::One(one) => one == place,
            Self::QemuUser => matches!(place, Place::QemuUser(_)),
        }
    }
}

impl FromStr for Places {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "qemu-user" => Ok(Self::QemuUser),
            _ => name.parse().map(Self::One),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_their_names() {
        for place in Place::all() {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        let names = "native, qemu-user-aarch64, qemu-user-riscv64, qemu-user-armv7, \
                     qemu-user-i686, kernel-x86_64, kernel-aarch64, kernel-riscv64, kernel-armv7, \
                     kernel-i686, kernel-5.10, util-linux";
        assert_eq!(Place::names(), names);
        assert!("qemu-user-x86_64".parse::<Place>().is_err());
        assert!("qemu-user".parse::<Place>().is_err());
        let emulated: Vec<_> = Place::all()
            .filter(|place| Places::QemuUser.contain(*place))
            .collect();
        assert_eq!(emulated.len(), Board::emulated().count());
        let one: Places = "qemu-user-i686".parse().unwrap();
        assert!(one.contain("qemu-user-i686".parse().unwrap()));
        assert!(!one.contain("qemu-user-armv7".parse().unwrap()));
    }
}
