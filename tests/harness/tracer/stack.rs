//! Parses and edits the stack that the kernel builds for a new program: argc, argv, environment,
//! auxiliary vector.

use std::io;

use super::{Tracee, registers};

/// Bytes of a word of the stack.
pub const WORD: u64 = size_of::<usize>() as u64;
/// An entry of the auxiliary vector to skip: include/uapi/linux/auxvec.h, AT_IGNORE.
pub const AT_IGNORE: u64 = 1;
/// The address of 16 random bytes: include/uapi/linux/auxvec.h, AT_RANDOM.
pub const AT_RANDOM: u64 = 25;

/// The initial stack of a program. Edit it, then [`InitialStack::write`] it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialStack {
    /// Addresses of the arguments; argc is their number.
    pub arguments: Vec<u64>,
    /// Addresses of the environment's strings.
    pub environment: Vec<u64>,
    /// The auxiliary vector: type and value, without the AT_NULL at its end.
    pub auxiliary: Vec<(u64, u64)>,
    address: u64,
    words: usize,
}

impl InitialStack {
    pub(super) fn read(tracee: &Tracee) -> io::Result<Self> {
        let address = registers::stack_pointer(tracee.pid)?;
        let mut words = 0;
        let mut next = || {
            words += 1;
            tracee.peek(address + WORD * (words as u64 - 1))
        };
        let count = next()?;
        let mut list = || {
            let mut list = Vec::new();
            loop {
                match next()? {
                    0 => return Ok::<_, io::Error>(list),
                    pointer => list.push(pointer),
                }
            }
        };
        let arguments = list()?;
        let environment = list()?;
        if arguments.len() as u64 != count {
            return Err(io::Error::other("argc and argv differ"));
        }
        let mut auxiliary = Vec::new();
        loop {
            match (next()?, next()?) {
                (0, _) => break,
                entry => auxiliary.push(entry),
            }
        }
        Ok(Self {
            arguments,
            environment,
            auxiliary,
            address,
            words,
        })
    }

    /// Writes the stack back to its place. It may have become shorter, not longer.
    pub fn write(&self, tracee: &Tracee) -> io::Result<()> {
        let mut words = vec![self.arguments.len() as u64];
        words.extend(&self.arguments);
        words.push(0);
        words.extend(&self.environment);
        words.push(0);
        words.extend(
            self.auxiliary
                .iter()
                .flat_map(|&(kind, value)| [kind, value]),
        );
        words.extend([0, 0]);
        if words.len() > self.words {
            return Err(io::Error::other("the initial stack has grown"));
        }
        words
            .iter()
            .zip(0..)
            .try_for_each(|(&word, index)| tracee.poke(self.address + WORD * index, word))
    }

    /// The value of an entry of the auxiliary vector.
    pub fn auxiliary_value(&self, kind: u64) -> io::Result<u64> {
        let entry = self.auxiliary.iter().find(|entry| entry.0 == kind);
        entry
            .map(|entry| entry.1)
            .ok_or_else(|| io::Error::other(format!("no auxiliary entry of type {kind}")))
    }

    /// Overwrites the 16 bytes at AT_RANDOM.
    pub fn set_random(&self, tracee: &Tracee, numbers: [u32; 4]) -> io::Result<()> {
        let address = self.auxiliary_value(AT_RANDOM)?;
        let bytes = numbers.map(u32::to_ne_bytes);
        let (words, _) = bytes.as_flattened().as_chunks();
        (0..).zip(words).try_for_each(|(index, word)| {
            let word = usize::from_ne_bytes(*word) as u64;
            tracee.poke(address + WORD * index, word)
        })
    }

    /// Turns the AT_RANDOM entry into AT_IGNORE.
    pub fn hide_random(&mut self) {
        for entry in self
            .auxiliary
            .iter_mut()
            .filter(|entry| entry.0 == AT_RANDOM)
        {
            entry.0 = AT_IGNORE;
        }
    }
}
