//! Development tasks: cargo xtask test, bench, check-layers, generate, ci.

fn main() {}
