//! Prints objects as JSON.

use super::digits::TEN;
use super::escape::is_utf8;
use super::lines::MAX_LINE;
use super::text::Text;
use super::words::Words;
use crate::cli::options::Opt;
use crate::cli::request::Request;
use crate::kernel::arch::wide;
use crate::kernel::errno::Errno;
use crate::kernel::list::List;
use crate::kernel::object::{Called, Kind, MAX_ADDRESSES};
use crate::kernel::port::{Kernel, State};
use crate::plan::attempt::{Attempt, Outcome};

/// Most bytes of an object in JSON, without its path or name, but with its share of the brackets.
const MAX_JSON: usize = 160;

/// Most bytes that an object of a request is printed with. A byte of a path or a name takes five in
/// an array.
#[must_use]
pub fn most_bytes(request: &Request<'_>) -> usize {
    if request.has(Opt::Json) {
        MAX_JSON + 5 * (request.name.len() + request.ftok.len())
    } else {
        MAX_LINE + request.name.len()
    }
}

/// Adds words to the output if it is JSON.
///
/// # Errors
/// ENOBUFS if they do not fit.
pub fn frame<K: Kernel>(
    request: &Request<'_>,
    words: Words,
    output: &mut List<'_, u8>,
) -> Result<(), Errno> {
    let mut text = Text::<K>::new(None, output);
    if request.has(Opt::Json) {
        text.fill(words);
    }
    text.written
}

/// Adds an object in JSON to the output.
///
/// # Errors
/// ENOBUFS if it does not fit.
#[inline(never)] // its variables would be in the frame of every run
pub fn object<K: Kernel>(
    request: &Request<'_>,
    attempt: &Attempt<'_>,
    called: Called<'_>,
    outcome: Outcome,
    output: &mut List<'_, u8>,
    kernel: &mut K,
) -> Result<(), Errno> {
    let mut kind = attempt.step.kind;
    let state = match (called, outcome) {
        (Called::Id(_), Outcome::Created) => Ok(State {
            mode: request.mode(),
            amount: attempt.step.amount,
        }),
        (Called::Id(_), Outcome::Found) if is_cut(attempt, kernel) => Err(Errno::NONE),
        (Called::Id(id), Outcome::Found) => kernel.ipc_stat(kind, id),
        (_, Outcome::Removed) => Err(Errno::NONE),
        (Called::Name(_), _) => attempt.found.ok_or(Errno::NONE),
    };
    let is_first = output.items().last() == Some(&b'[');
    let mut text = Text::<K>::new(None, output);
    text.put(if is_first { b"" } else { b"," });
    match called {
        Called::Id(id) => {
            text.figures = [wide(id), attempt.key.into(), 0];
            text.fill(Words::JSON_OBJECT.of(kind));
            if let Some((path, _)) = request.ftok() {
                text.fill(Words::JSON_PATH);
                string(&mut text, path);
            }
        }
        Called::Name(name) => {
            text.fill(Words::JSON_POSIX.of(kind));
            string(&mut text, name.bytes);
            if kind == Kind::Sem {
                // Like a queue, it has a mode but no size.
                kind = Kind::Queue;
            }
        }
    }
    if outcome == Outcome::Removed {
        text.fill(Words::JSON_REMOVED);
        return text.written;
    }
    let created = outcome == Outcome::Created;
    let words = match state {
        Ok(State { mode, amount }) => {
            text.figures = [u64::from(mode & 0o777), amount, 0];
            Words::JSON_STATE
        }
        Err(_) => Words::JSON_UNKNOWN,
    };
    text.fill(words.of(kind));
    if attempt.step.kind == Kind::Queue {
        let (figures, known, unknown) = match called {
            Called::Id(_) => {
                let bytes = match state {
                    // What every new queue has.
                    Ok(_) if created => request
                        .get(Opt::Qbytes)
                        .or_else(|| Some(kernel.ipc_info(Kind::Queue).ok()?.each)),
                    state => state.ok().map(|state| state.amount),
                };
                let figures = bytes.map(|bytes| [bytes, 0, 0]);
                (figures, Words::JSON_QBYTES, Words::JSON_NO_QBYTES)
            }
            Called::Name(_) => {
                let attributes = attempt.attributes;
                let figures = attributes.map(|given| [given.maxmsg, given.msgsize, 0]);
                (figures, Words::JSON_ATTRIBUTES, Words::JSON_NO_ATTRIBUTES)
            }
        };
        text.figures = figures.unwrap_or_default();
        text.fill(if figures.is_some() { known } else { unknown });
    }
    text.fill(if created {
        Words::JSON_CREATED
    } else {
        Words::JSON_FOUND
    });
    text.written
}

/// Whether the size of a found segment cannot be told: a 64-bit kernel tells a 32-bit program the
/// size modulo 2^32. Such a segment is found by the most bytes that can be asked for.
fn is_cut<K: Kernel>(attempt: &Attempt<'_>, kernel: &mut K) -> bool {
    let Some(most) = MAX_ADDRESSES else {
        return false;
    };
    let kind = attempt.step.kind;
    kind == Kind::Shm && kernel.ipc_get(kind, most, attempt.key, 0).is_ok()
}

/// Adds bytes as a string, or as an array of numbers if they are not UTF-8 or would need escapes.
fn string<K: Kernel>(text: &mut Text<'_, '_, K>, bytes: &[u8]) {
    let is_plain = |byte: &u8| !matches!(byte, 0..b' ' | b'"' | b'\\');
    if is_utf8(bytes) && bytes.iter().all(is_plain) {
        text.put(b"\"");
        text.put(bytes);
        return text.put(b"\"");
    }
    let mut separator: &[u8] = b"[";
    for &byte in bytes {
        text.put(separator);
        separator = b", ";
        text.number(byte.into(), TEN, 1);
    }
    text.put(b"]");
}
