//! All that a user reads.
//!
//! `words` has every text in one table, which `pack` compresses in the compiler. `text` puts words
//! and figures together, by `digits`, and writes them. `lines` and `json` print objects, `failure`
//! an error with its hint. `hint` finds the cause of a refusal by the table of `rules`, with
//! figures from `figures` and, for files of the kernel's, `measure`. `help` and `man` make the help
//! text and the man page out of the table of options and the table of rules, `completions` the
//! completions of shells. `escape` keeps words of the user's from moving a terminal.

pub mod completions;
pub mod digits;
mod escape;
pub mod failure;
mod figures;
pub mod help;
pub mod hint;
pub mod json;
pub mod lines;
pub mod man;
pub mod measure;
mod pack;
mod rules;
pub mod text;
pub mod words;
