//! Fuzz targets: each takes any bytes, and panics if a check fails.
//!
//! | module | tries |
//! | --- | --- |
//! | [`argv`] | any command line: invariants, and the tokens against glibc's getopt_long |
//! | [`numbers`] | any text as a number, against [`model`] |
//! | [`request`] | any request, in one of its many spellings, read back |
//! | [`getopt`] | how glibc's getopt_long splits a line |
//! | [`model`] | how util-linux reads a number |
//!
//! `tests/tools/fuzz.sh` runs the targets under libFuzzer; `tests/replay.rs` runs them on the
//! inputs in `corpus`.

pub mod argv;
pub mod getopt;
pub mod model;
pub mod numbers;
pub mod request;

/// A target, with the name of its directory in `corpus`.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 3] = [
    ("argv", argv::run),
    ("numbers", numbers::run),
    ("request", request::run),
];
