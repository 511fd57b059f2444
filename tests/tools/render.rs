//! Prints the man page: `make docs` writes it to dist/ipcmk.1.

fn main() {
    print!("{}", ipcmk::report::man::Man);
}
