//! What all parts of a run share.

use core::mem;

use super::known::{self, Known, Scope};
use crate::cli::mistake::{Mistake, Refusal};
use crate::cli::options::Opt;
use crate::cli::request::Request;
use crate::kernel::errno::Errno;
use crate::kernel::list::List;
use crate::kernel::object::{Called, Made};
use crate::kernel::port::Kernel;
use crate::plan::attempt::{Attempt, Doing, Outcome};
use crate::report::{json, lines};

/// Most rounds of choosing a key, or of looking for an object and creating it. Ours: so many
/// collisions in a row are no accident, and EEXIST is the answer.
pub const MAX_TRIES: u32 = 128;

/// All that a run works with.
pub struct Job<'j, 'a, K> {
    /// Makes the system calls.
    pub kernel: &'j mut K,
    /// POSIXLY_CORRECT: options end at the first operand.
    pub posixly_correct: bool,
    /// What the run is in the middle of.
    pub attempt: Attempt<'a>,
    /// Whether objects are removed, --remove.
    pub removes: bool,
    /// Whether one of them could not be removed.
    pub has_failed: bool,
    /// Whether lines are only checked, --dry-run.
    pub is_dry: bool,
    /// Whether kernel.shm_rmid_forced was read.
    pub has_read_forced: bool,
    /// The objects that the run has created. There is room for all of a line or a batch.
    pub made: List<'j, Made<'a>>,
    /// What it will print.
    pub output: List<'j, u8>,
    /// Why objects could not be removed. It is written at the end, since it can wait for a reader.
    pub told: List<'j, u8>,
    /// The lines of a batch.
    pub lines: &'a [u8],
    /// What they name, from the first name on.
    pub known: &'j mut [Known<'a>],
    /// /etc/passwd, once it is read.
    pub users: &'a [u8],
    /// /etc/group, once it is read.
    pub groups: &'a [u8],
    /// Objects of the lines that were checked.
    pub objects: usize,
    /// Bytes that their lines of output, or their JSON, have at most.
    pub bytes: usize,
    /// Most semaphores of a set with first values, of the lines that were checked.
    pub nsems: u64,
    /// Memory for these values.
    pub values: &'j mut [u16],
}

impl<'a, K: Kernel> Job<'_, 'a, K> {
    /// Notes a mistake in a line that both grammars accept, and returns its errno.
    #[inline(never)] // size: 96 bytes on x86_64, 72 on aarch64 (make inline)
    pub fn refuse(&mut self, mistake: Mistake, word: &'a [u8], figure: u64) -> Errno {
        self.attempt.refusal = Some(Refusal::of_line(mistake, word, figure));
        Errno::EINVAL
    }

    /// Finds what is known of a name, or the place for it. None outside a batch.
    ///
    /// # Errors
    /// The kernel's, where the table has no memory.
    pub fn known(&mut self, scope: Scope, name: &'a [u8]) -> Result<Option<&mut Known<'a>>, Errno> {
        if self.known.is_empty() && self.attempt.line.is_some() {
            // All lines need it, whichever is the first.
            let line = self.attempt.line.take();
            let doing = mem::replace(&mut self.attempt.doing, Doing::Memory);
            self.known = self.kernel.mmap(known::places(self.lines), Known::FREE)?;
            (self.attempt.line, self.attempt.doing) = (line, doing);
        }
        Ok(known::find(self.known, scope, name))
    }

    /// Notes an object that was created.
    pub fn keep(&mut self, called: Called<'a>) {
        let made = Made {
            kind: self.attempt.step.kind,
            called,
            left: Errno::NONE,
        };
        // It has room for all: it cannot be full.
        _ = self.made.add(&[made]);
    }

    /// Adds an object to the output.
    ///
    /// # Errors
    /// ENOBUFS where the output is full.
    pub fn show(
        &mut self,
        request: &Request<'a>,
        called: Called<'a>,
        outcome: Outcome,
    ) -> Result<(), Errno> {
        self.attempt.doing = Doing::Write;
        let attempt = &self.attempt;
        if request.has(Opt::Json) {
            let output = &mut self.output;
            json::object(request, attempt, called, outcome, output, self.kernel)
        } else {
            lines::line(request, attempt.step.kind, called, &mut self.output)
        }
    }
}
