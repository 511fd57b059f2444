//! Names the places where cases run.

use std::fmt;
use std::str::FromStr;

/// A place where cases run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The subject on this machine's own kernel and processor.
    Native,
    /// The subject for aarch64 under qemu's user-mode emulation, on this machine's kernel.
    QemuUserAarch64,
    /// A whole x86_64 machine under qemu, in which the runner is process 1.
    KernelX86_64,
    /// A whole aarch64 machine under qemu, in which the runner is process 1.
    KernelAarch64,
    /// A whole machine of either architecture under qemu, with Linux 5.10, in which the runner is
    /// process 1.
    Kernel5_10,
    /// util-linux's ipcmk instead of ours, to check the cases themselves.
    UtilLinux,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 6] = [
        Self::Native,
        Self::QemuUserAarch64,
        Self::KernelX86_64,
        Self::KernelAarch64,
        Self::Kernel5_10,
        Self::UtilLinux,
    ];

    /// Whether the runner is process 1 of a machine that is there for the cases alone.
    pub const fn is_booted(self) -> bool {
        matches!(
            self,
            Self::KernelX86_64 | Self::KernelAarch64 | Self::Kernel5_10
        )
    }

    /// Its name in case files, on command lines and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::QemuUserAarch64 => "qemu-user-aarch64",
            Self::KernelX86_64 => "kernel-x86_64",
            Self::KernelAarch64 => "kernel-aarch64",
            Self::Kernel5_10 => "kernel-5.10",
            Self::UtilLinux => "util-linux",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|place| place.name() == name)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                format!("{name:?} is no place; the places are {names}")
            })
    }
}
