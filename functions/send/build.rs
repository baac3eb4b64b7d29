//! How `send` is linked: at a fixed address. It is the largest of the functions that a message waits for, and that way it brings no
//! table of 36,000 places to be mended each time it is loaded.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-bins=-no-pie");
}
