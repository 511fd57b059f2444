//! The words of a command line.

/// A command line without the program's name: an iterator over its words that can be read again
/// from the start.
pub trait Argv<'a>: Iterator<Item = &'a [u8]> + Clone {}

impl<'a, A: Iterator<Item = &'a [u8]> + Clone> Argv<'a> for A {}
