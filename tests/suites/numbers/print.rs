//! Prints the numbers of abi.rs, as abi.c prints its own: for the other architecture.

mod ours;

fn main() {
    for (name, value) in ours::ours().0 {
        println!("{name} {value}");
    }
}
