//! Many command lines in one run: the lines of `--batch`.

use core::mem::MaybeUninit;

use heapless::{Vec, VecView};

use crate::errno::Errno;
use crate::grammar;
use crate::kernel::{File, Kernel};
use crate::plan::{Attempt, Doing, Made};
use crate::report::LONGEST_JSON;
use crate::request::{Action, Ftok, Key, Output, Request};
use crate::usage::{Mistake, Refusal};

/// Objects that a batch can ask for.
pub const MOST_OBJECTS: usize = 4096;
/// Bytes that its lines can have.
pub const MOST_BYTES: usize = 512 * 1024;

/// The words of one command line, from the program's own or out of a batch.
#[derive(Clone)]
pub enum Arguments<'a, A> {
    /// Those that the program was started with.
    Command(A),
    /// Those of a line: parted by blanks, up to a word that begins with `#`.
    Line(&'a [u8]),
}

impl<'a, A: Iterator<Item = &'a [u8]>> Iterator for Arguments<'a, A> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        match self {
            Self::Command(arguments) => arguments.next(),
            Self::Line(rest) => {
                let line = rest.trim_ascii_start();
                let end = line.iter().position(u8::is_ascii_whitespace);
                let (word, tail) = line.split_at_checked(end.unwrap_or(line.len()))?;
                *rest = tail;
                (!matches!(word, [] | [b'#', ..])).then_some(word)
            }
        }
    }
}

/// The memory of a batch. Pages of it that are not needed are not touched. All
/// zeros will do for a start.
pub struct Room<'a> {
    /// One byte more than may be used, so that too many are noticed.
    text: [u8; MOST_BYTES + 1],
    requests: MaybeUninit<Vec<Request<'a>, MOST_OBJECTS>>,
    made: MaybeUninit<Vec<Made, MOST_OBJECTS>>,
    output: MaybeUninit<Vec<u8, { MOST_OBJECTS * LONGEST_JSON }>>,
}

/// What there is to do, and where to keep account of it.
pub struct Batch<'a> {
    /// What is asked for, in order.
    pub requests: &'a mut VecView<Request<'a>>,
    /// Empty, with room for all objects.
    pub made: &'a mut VecView<Made>,
    /// Empty, with room for the output.
    pub output: &'a mut VecView<u8>,
}

/// Why nothing is attempted.
pub enum Trouble<'a> {
    /// What was attempted before that could not be done.
    Failed(Attempt<'a>, Errno),
    /// A line is wrong: the one with this number in a batch, from 1; else 0.
    Refused(Refusal<'a>, u32),
}

/// Reads a line into a new `request`, and makes its key, where it names a file
/// for it.
///
/// # Errors
/// What is wrong with the line, or with the file.
pub fn read_line<'a, A, K>(
    line: Arguments<'a, A>,
    posixly_correct: bool,
    request: &mut Request<'a>,
    kernel: &mut K,
) -> Result<Action, Trouble<'a>>
where
    A: Iterator<Item = &'a [u8]> + Clone,
    K: Kernel,
{
    let number = request.line;
    let read = grammar::read(line, posixly_correct, request);
    request.line = number;
    let action = read.map_err(|refusal| Trouble::Refused(refusal, number))?;
    if let Some(Ftok { path, id }) = request.ftok {
        let attempt = Attempt {
            path,
            line: number,
            ..Attempt::new(Doing::Ftok)
        };
        let file = kernel
            .identify(path)
            .map_err(|errno| Trouble::Failed(attempt, errno))?;
        request.key = Key::ftok(&file, id);
    }
    Ok(action)
}

/// Reads and checks all lines of the batch that a request names. `A` is what
/// the program's own arguments are.
///
/// # Errors
/// Those of reading, EFBIG for too much of it; the first line that is wrong.
pub fn read<'a, A, K>(
    request: &Request<'a>,
    posixly_correct: bool,
    kernel: &mut K,
) -> Result<Batch<'a>, Trouble<'a>>
where
    A: Iterator<Item = &'a [u8]> + Clone,
    K: Kernel,
{
    let path = request.batch.unwrap_or_default();
    let unread = |errno| {
        let attempt = Attempt {
            path,
            ..Attempt::new(Doing::ReadBatch)
        };
        Trouble::Failed(attempt, errno)
    };
    let Room {
        text,
        requests,
        made,
        output,
    } = kernel.room().map_err(unread)?;
    let file = match path {
        b"-" => File::In,
        _ => File::User(path),
    };
    let text: &'a [u8] = kernel.read(file, text).map_err(unread)?;
    if text.len() > MOST_BYTES {
        return Err(unread(Errno::EFBIG));
    }
    let requests = requests.write(Vec::new());
    let mut objects = 0;
    let mut number = 0;
    for line in text.split(|&byte| byte == b'\n') {
        number += 1;
        let words = Arguments::<A>::Line(line);
        if words.clone().next().is_none() {
            continue;
        }
        let mut one = Request::standard();
        one.line = number;
        let action = read_line(words, posixly_correct, &mut one, kernel)?;
        let mut mistake = None;
        if action != Action::Create || one.output == Output::Json {
            mistake = Some(Mistake::NotInBatch);
        }
        // What stands beside --batch goes for all.
        if request.output != Output::Words {
            one.output = request.output;
        }
        objects += one.objects();
        if objects > MOST_OBJECTS || requests.push(one).is_err() {
            mistake = Some(Mistake::TooMany);
        }
        if let Some(mistake) = mistake {
            return Err(Trouble::Refused(Refusal::of_line(mistake), number));
        }
    }
    Ok(Batch {
        requests: requests.as_mut_view(),
        made: made.write(Vec::new()).as_mut_view(),
        output: output.write(Vec::new()).as_mut_view(),
    })
}
