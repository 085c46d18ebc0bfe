#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ridecast_fuzz::trace(data));
