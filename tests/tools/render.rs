//! Prints a file that is made of the tables: the man page, or with the name of a file in
//! dist/completions that file. `make docs` writes them all.

use std::process::ExitCode;

use ipcmk::report::completions::Shell;
use ipcmk::report::man::Man;

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    match &wanted[..] {
        [] => print!("{Man}"),
        [name] => match Shell::ALL.into_iter().find(|shell| shell.file() == name) {
            Some(shell) => print!("{shell}"),
            None => {
                eprintln!("render: no shell has {name}");
                return ExitCode::FAILURE;
            }
        },
        _ => {
            eprintln!("usage: render [<file>]");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
