use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use super::*;

/// A socket that takes everything.
#[derive(Default)]
struct Taken(RefCell<Vec<u8>>);

impl Outlet for Taken {
    fn is_ready(&self) -> bool {
        true
    }

    fn begin(&self, _: &mut Vec<u8>) {}

    fn end(&self, _: &mut Vec<u8>, _: usize, _: Format) {}

    fn write(&self, bytes: &[u8]) -> bool {
        self.0.borrow_mut().extend_from_slice(bytes);
        true
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What no longer goes into a write must not wait for the next thing to happen.
#[test]
fn a_subscription_behind_a_large_frame_is_told_too() {
    let mut bench = Bench::new();
    let (seat, mut feed) = bench.hub.join(Format::Json);
    for (name, latitude) in [("here", 0.0), ("there", 10.0)] {
        seat.subscribe(&nearby(name, (latitude, 0.0))).unwrap();
    }
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    while feed.poll_next(&Context::from_waker(&waker)).is_ready() {}
    let taken = Rc::new(Taken::default());
    feed.write_to(Rc::<Taken>::clone(&taken));

    // Either place fills a write by itself.
    for n in 0..150 {
        bench.drive(&id(&format!("here-{n}")), (0.0, 0.0));
        bench.drive(&id(&format!("there-{n}")), (10.0, 0.0));
    }
    bench.hub.round();
    let mut told = taken.0.take();
    assert!(told.len() > 16 * 1024, "{} bytes", told.len());
    if woken.0.load(Ordering::Relaxed) {
        while let Poll::Ready(Some(Message::Text(text))) =
            feed.poll_next(&Context::from_waker(&waker))
        {
            told.extend_from_slice(&text);
        }
    }
    let told = String::from_utf8(told).unwrap();
    for name in ["here", "there"] {
        let subscription = format!(r#""subscription":"{name}""#);
        assert!(told.contains(&subscription), "{name} was not told");
    }
}
