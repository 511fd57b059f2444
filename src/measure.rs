//! Numbers out of the kernel's files: what a new POSIX queue is without options, and
//! the figures of hints.

use core::ffi::CStr;

use crate::kernel::{File, Kernel};
use crate::number;
use crate::options::Opt;
use crate::request::Request;

/// The number behind a name in a file of the kernel's.
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

/// Messages, and bytes of a message, of a new POSIX queue: the kernel's choice where
/// the request says nothing.
#[inline(never)] // `make size`: a copy at its caller is larger
pub fn attributes<K: Kernel>(request: &Request<'_>, kernel: &mut K) -> [u64; 2] {
    let mut get = |opt, chosen, most, usual| {
        request.get(opt).unwrap_or_else(|| {
            let mut choice = |path| measure(kernel, path, b"").unwrap_or(usual);
            choice(chosen).min(choice(most))
        })
    };
    [
        get(
            Opt::Maxmsg,
            c"/proc/sys/fs/mqueue/msg_default",
            c"/proc/sys/fs/mqueue/msg_max",
            MSG_DEFAULT,
        ),
        get(
            Opt::Msgsize,
            c"/proc/sys/fs/mqueue/msgsize_default",
            c"/proc/sys/fs/mqueue/msgsize_max",
            MSGSIZE_DEFAULT,
        ),
    ]
}

/// Messages of a POSIX queue by default, since Linux 3.5. `linux/ipc_namespace.h`,
/// DFLT_MSG.
const MSG_DEFAULT: u64 = 10;
/// Bytes of its messages by default. `linux/ipc_namespace.h`, DFLT_MSGSIZE.
const MSGSIZE_DEFAULT: u64 = 8192;
