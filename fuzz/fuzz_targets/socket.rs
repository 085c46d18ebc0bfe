#![no_main]

use ridecast::session::Incoming;
use ridecast::ws::fuzzing::read;

// The first byte says how many bytes arrive at a time: what was said must not depend on it.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&at_a_time, bytes)) = data.split_first() else {
        return;
    };
    // And its highest bit, whether messages may be compressed.
    let deflate = at_a_time & 0x80 != 0;
    let at_once = read(bytes, usize::MAX, deflate);
    let in_parts = read(bytes, (at_a_time & 0x7f).into(), deflate);
    assert_eq!(at_once, in_parts);
    let ends = |it: &Incoming| matches!(it, Incoming::Close(_) | Incoming::Broken { .. });
    let last = at_once.len().saturating_sub(1);
    assert!(!at_once[..last].iter().any(ends), "nothing comes behind an end");
    for incoming in &at_once {
        if let Incoming::Broken { code, .. } = incoming {
            assert!([1002, 1007, 1009].contains(code));
        }
    }
});
