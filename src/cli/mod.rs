//! What the user typed.
//!
//! `options` is the one table of options, `lookup` finds a letter or a long name in it. `getopt`
//! makes tokens of the words, `grammar` a request of the tokens, in one of two grammars: `standard`
//! and `keyed`; `choice` says which. `number` reads the values, `request` holds them once they are
//! valid, `mistake` says what is wrong with a line. `batch` has the lines of `--batch`, `argv` the
//! trait of both sources of words. `draft` joins texts of the option table in the compiler.

pub mod argv;
pub mod batch;
pub mod choice;
pub mod draft;
pub mod getopt;
pub mod grammar;
pub mod keyed;
pub mod lookup;
pub mod mistake;
pub mod number;
pub mod options;
pub mod request;
pub mod standard;
