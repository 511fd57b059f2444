//! Prints objects as util-linux's line, or as the bare id or name.

use super::digits::{MAX_DIGITS, TEN, digits};
use crate::cli::request::{Output, Request};
use crate::kernel::arch::wide;
use crate::kernel::errno::Errno;
use crate::kernel::list::List;
use crate::kernel::object::{Called, Kind};

/// Most bytes of an output line with an id: `Shared memory id: 2147483647` and a newline.
pub const MAX_LINE: usize = 29;

/// Adds the line of an object to the output.
///
/// # Errors
/// ENOBUFS if it does not fit.
pub fn line(
    request: &Request<'_>,
    kind: Kind,
    called: Called<'_>,
    output: &mut List<'_, u8>,
) -> Result<(), Errno> {
    if request.output() == Output::Words {
        output.add(words_before(kind, called).as_bytes())?;
    }
    match called {
        Called::Id(id) => output.add(digits(wide(id), TEN, &mut [0; MAX_DIGITS]))?,
        Called::Name(name) => output.add(name.bytes)?,
    }
    output.add(b"\n")
}

/// util-linux's words before an id or a name, to the letter.
const fn words_before(kind: Kind, called: Called<'_>) -> &'static str {
    match (kind, called) {
        (Kind::Shm, Called::Id(_)) => "Shared memory id: ",
        (Kind::Queue, Called::Id(_)) => "Message queue id: ",
        (Kind::Sem, Called::Id(_)) => "Semaphore id: ",
        (Kind::Shm, Called::Name(_)) => "POSIX shared memory name: ",
        (Kind::Queue, Called::Name(_)) => "POSIX message queue name: ",
        (Kind::Sem, Called::Name(_)) => "POSIX semaphore name: ",
    }
}
