//! Reads numbers from files of /proc: the attributes of a new POSIX queue, and figures of hints.

use core::ffi::CStr;

use crate::cli::number;
use crate::kernel::port::{Attributes, File, Kernel};

/// Reads the number behind the first occurrence of a name in a file of /proc.
#[inline(never)] // its buffer
pub fn measure<K: Kernel>(kernel: &mut K, path: &CStr, name: &[u8]) -> Option<u64> {
    let mut buffer = [0; 2048];
    let mut text = kernel.read(File::System(path), &mut buffer).ok()?;
    loop {
        if let Some(mut found) = text.strip_prefix(name) {
            return number::take(&mut found);
        }
        text = text.split_first()?.1;
    }
}

/// The attributes of a new POSIX queue: the given ones, else those that the kernel chooses.
pub fn attributes<K: Kernel>(
    maxmsg: Option<u64>,
    msgsize: Option<u64>,
    kernel: &mut K,
) -> Attributes {
    let mut choice = |given: Option<u64>, chosen, most, usual| {
        given.unwrap_or_else(|| {
            let mut read = |path| measure(kernel, path, b"").unwrap_or(usual);
            read(chosen).min(read(most))
        })
    };
    Attributes {
        maxmsg: choice(
            maxmsg,
            c"/proc/sys/fs/mqueue/msg_default",
            c"/proc/sys/fs/mqueue/msg_max",
            MSG_DEFAULT,
        ),
        msgsize: choice(
            msgsize,
            c"/proc/sys/fs/mqueue/msgsize_default",
            c"/proc/sys/fs/mqueue/msgsize_max",
            MSGSIZE_DEFAULT,
        ),
    }
}

/// Messages of a POSIX queue by default, since Linux 3.5. `linux/ipc_namespace.h`, DFLT_MSG.
const MSG_DEFAULT: u64 = 10;
/// Bytes of its messages by default. `linux/ipc_namespace.h`, DFLT_MSGSIZE.
const MSGSIZE_DEFAULT: u64 = 8192;
