//! Prints what abi.rs says, as abi.c does: for an architecture that is not this one.

mod ours;

fn main() {
    for (name, value) in ours::ours().0 {
        println!("{name} {value}");
    }
}
