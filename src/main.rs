//! The `ridecast` command.
fn main() {}
