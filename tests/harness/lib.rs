//! The tests of ipcmk on the real file.
//!
//! A case file says what the subject is asked and what must come of it; the runner tries it in one
//! place.
//!
//! | module | holds |
//! | --- | --- |
//! | [`case`] | the format of case files, and its parser |
//! | [`text`] | words, expected lines, escapes |
//! | [`place`] | the places where cases run |
//! | [`namespace`] | IPC namespaces and the System V objects in them |
//! | [`posix`] | POSIX objects |
//! | [`subject`] | one run of the program under test |
//! | [`files`] | the files that a case has, and standard input |
//! | [`inherited`] | what a test has from its caller
//! | [`output`] | where its outputs go, and what is read of them |
//! | [`tracer`] | ptrace: the initial stack, system calls, injected faults, instruction counts |
//! | [`faults`] | every fault at every system call, and the count of what was lost |
//! | [`spawn`] | starting programs while other threads do |
//! | [`syscalls`], [`errno`] | numbers by name |
//! | [`watchdog`] | the limit to how long a run may take |
//! | [`check`] | what is expected against what was got |
//! | [`line`] | command lines that are run again and again, and the ids they print |
//! | [`load`] | many processes at once |
//! | [`runner`] | one case in one place |
//! | [`differences`] | the list of deliberate differences from util-linux |
//! | [`random`] | random command lines
//! | [`reading`] | what is true of every reading of every command line |
//! | [`reworded`] | the list of texts that two versions word differently |
//! | [`observer`] | a process of another user that tries to use half-made objects |
//! | [`suite`] | what the tests in `tests/suites` share |
//! | [`guest`] | the runner as process 1 of an emulated machine |

pub mod case;
pub mod check;
pub mod differences;
pub mod errno;
pub mod faults;
pub mod files;
pub mod guest;
pub mod inherited;
pub mod line;
pub mod load;
pub mod namespace;
pub mod observer;
pub mod output;
pub mod place;
pub mod posix;
pub mod random;
pub mod reading;
pub mod reworded;
pub mod runner;
pub mod spawn;
pub mod subject;
pub mod suite;
pub mod syscalls;
pub mod text;
pub mod tracer;
pub mod watchdog;
