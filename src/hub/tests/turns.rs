use super::*;

/// One that always has something to tell must not keep a slow reader from the others.
#[test]
fn each_subscription_of_a_session_has_its_turn() {
    let mut bench = Bench::new();
    let (seat, mut feed) = bench.hub.join(Format::Json);
    for (name, latitude) in [("here", 0.0), ("there", 10.0)] {
        seat.subscribe(&nearby(name, (latitude, 0.0))).unwrap();
    }
    let mut told = Vec::new();
    for _ in 1..=6 {
        // Both have moved before each frame that the socket takes.
        bench.drive(&id("a"), (0.0, 0.0));
        bench.drive(&id("b"), (10.0, 0.0));
        bench.pass();
        let Poll::Ready(Some(Message::Text(text))) =
            feed.poll_next(&Context::from_waker(Waker::noop()))
        else {
            panic!("there is something to tell");
        };
        told.push(std::str::from_utf8(&text).unwrap().contains("there"));
    }
    assert_eq!(told, [false, true, false, true, false, true]);
}
