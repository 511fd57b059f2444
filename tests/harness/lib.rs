//! Tests of ipcmk on the built binary.
//!
//! A case file says what the subject is run with and what must come of it. The runner tries it in
//! one place, such as this machine or an emulated one.
//!
//! | module | holds |
//! | --- | --- |
//! | [`case`] | the format of case files, and its parser |
//! | [`text`] | words, expected lines, escapes |
//! | [`board`] | the architectures |
//! | [`place`] | the places where cases run |
//! | [`namespace`] | IPC namespaces and the System V objects in them |
//! | [`posix`] | POSIX objects in /dev/shm and in the mqueue file system |
//! | [`subject`] | one run of the program under test |
//! | [`files`] | the files of a case, and standard input |
//! | [`inherited`] | umask, limits and signals of the caller, reset |
//! | [`only`] | what a case is about by right |
//! | [`output`] | where the subject's outputs go, and how the runner reads them |
//! | [`tracer`] | ptrace: the initial stack, system calls, injected faults, instruction counts |
//! | [`faults`] | every fault at every system call, and what each one leaves behind |
//! | [`spawn`] | fork and exec while other threads start programs too |
//! | [`syscalls`], [`errno`] | numbers by name |
//! | [`seccomp`] | filters that refuse system calls |
//! | [`watchdog`] | the time limit of a run |
//! | [`check`] | what is expected, compared with what came |
//! | [`line`] | command lines of the load tests, and the ids they print |
//! | [`load`] | many processes at once |
//! | [`runner`] | runs one case in one place |
//! | [`differences`] | the list of deliberate differences from util-linux |
//! | [`random`] | random command lines |
//! | [`reading`] | what holds for every reading of every command line |
//! | [`reworded`] | the list of texts that two versions word differently |
//! | [`observer`] | a process of another user that tries to use incomplete objects |
//! | [`suite`] | what the tests in `tests/suites` share |
//! | [`guest`] | the runner as process 1 of an emulated machine |

pub mod board;
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
pub mod only;
pub mod output;
pub mod place;
pub mod posix;
pub mod random;
pub mod reading;
pub mod reworded;
pub mod runner;
pub mod seccomp;
pub mod spawn;
pub mod subject;
pub mod suite;
pub mod syscalls;
pub mod text;
pub mod tracer;
pub mod watchdog;
