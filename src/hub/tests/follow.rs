use super::*;

/// Four kilometres each, over many cells.
fn way() -> impl Iterator<Item = (f64, f64)> {
    (0..40).map(|n| (-34.9 + f64::from(n) * 0.001, -56.16))
}

const FAR: (f64, f64) = (60.17, 24.94);

#[test]
fn one_vehicle_is_followed_under_its_own_id_wherever_it_goes() {
    for format in [Format::Json, Format::Binary] {
        let mut bench = Bench::new();
        let (taxi, other) = (id("taxi"), id("other"));
        let mut rider = bench.watcher(format, Sees::Free);
        rider.seat.follow(&named("ride"), None).unwrap();
        rider.take();
        assert_eq!(rider.names("ride"), [""; 0], "an empty snapshot");
        assert_eq!(rider.frames, 1);
        bench.drive(&other, (-34.9, -56.16));
        bench.drive(&taxi, (-34.9, -56.16));
        bench.pass();
        rider.take();
        assert_eq!((rider.frames, bench.watched()), (1, 0), "nobody yet");

        rider.aim("ride", Some(&taxi), None);
        bench.fleet.engage(&taxi, true);
        let handle = bench.fleet.get(&taxi).unwrap().handle();
        for place in way() {
            bench.drive(&taxi, place);
            // Whatever else drives there is nothing to it.
            bench.drive(&other, place);
            bench.pass();
            rider.take();
            let shown = &rider.views["ride"]["taxi"];
            assert_eq!(
                shown.timestamp_ms,
                bench.now_ms - 1,
                "the newest, at {place:?}"
            );
            assert_eq!(shown.handle, (format == Format::Binary).then_some(handle));
            assert_eq!(rider.names("ride"), ["taxi"]);
            assert_eq!(bench.watched(), 1, "no cell but the one it is in");
        }
        // Over the sea, and several cells between two looks.
        bench.drive(&taxi, FAR);
        bench.drive(&taxi, (60.3, 24.94));
        bench.pass();
        bench.drive(&taxi, (60.31, 24.95));
        bench.pass();
        rider.take();
        assert_eq!(rider.views["ride"]["taxi"].timestamp_ms, bench.now_ms);

        rider.aim("ride", None, None);
        rider.take();
        assert_eq!(rider.names("ride"), [""; 0], "no longer any");
        assert_eq!(bench.watched(), 0);
        let frames = rider.frames;
        bench.drive(&taxi, (60.31, 24.951));
        bench.pass();
        bench.look_again();
        rider.take();
        assert_eq!(rider.frames, frames);
    }
}

#[test]
fn another_vehicle_takes_its_place_at_once_whatever_the_rate() {
    let mut bench = Bench::new();
    let mut rider = bench.watcher(Format::Json, Sees::Free);
    let mut second = bench.watcher(Format::Binary, Sees::Free);
    for watcher in [&mut rider, &mut second] {
        watcher.seat.follow(&named("ride"), Some(0.001)).unwrap();
        watcher.take();
    }
    for (n, place) in (0..).zip(way().take(6)) {
        let taxi = id(["one", "two", "three"][n % 3]);
        bench.drive(&taxi, place);
        for watcher in [&mut rider, &mut second] {
            watcher.aim("ride", Some(&taxi), None);
            watcher.take();
            assert_eq!(watcher.names("ride"), [taxi.as_str()]);
            // Again is no news.
            let frames = watcher.frames;
            watcher.aim("ride", Some(&taxi), Some(FAR));
            watcher.take();
            assert_eq!(watcher.frames, frames);
        }
    }
    rider.aim("ride", None, None);
    rider.take();
    assert_eq!(rider.names("ride"), [""; 0]);
    // The rate holds for its moves.
    let frames = second.frames;
    bench.drive(&id("three"), (-34.8, -56.16));
    bench.pass();
    second.take();
    assert_eq!(second.frames, frames);
}

#[test]
fn a_vehicle_that_is_not_there_yet_is_shown_when_it_comes() {
    let mut bench = Bench::new();
    let taxi = id("taxi");
    let mut rider = bench.watcher(Format::Json, Sees::Free);
    rider.seat.follow(&named("ride"), None).unwrap();
    // Where it is expected it is seen at its first position.
    rider.aim("ride", Some(&taxi), Some(FAR));
    bench.drive(&taxi, FAR);
    bench.pass();
    rider.take();
    assert_eq!(rider.names("ride"), ["taxi"]);

    // It goes offline and comes back elsewhere: another vehicle to the fleet, the same to the rider.
    bench.offline(&taxi);
    bench.pass();
    rider.take();
    assert_eq!(rider.names("ride"), [""; 0]);
    bench.drive(&taxi, (-34.9, -56.16));
    bench.pass();
    bench.look_again();
    rider.take();
    assert_eq!(rider.names("ride"), ["taxi"]);

    // And in the time between two looks, here and far away.
    for place in [(-34.9, -56.16), FAR] {
        bench.offline(&taxi);
        bench.drive(&taxi, place);
        bench.pass();
        bench.look_again();
        rider.take();
        assert_eq!(rider.views["ride"]["taxi"].timestamp_ms, bench.now_ms);
        assert_eq!(rider.names("ride"), ["taxi"]);
    }

    // Silent, then gone.
    let before = rider.frames;
    bench.fleet.sweep(bench.now_ms + 20_000);
    bench.pass();
    rider.take();
    assert_eq!(rider.frames, before + 1, "that it is silent is told");
    bench.fleet.sweep(bench.now_ms + 70_000);
    bench.pass();
    rider.take();
    assert_eq!(rider.names("ride"), [""; 0]);
}

#[test]
fn it_is_a_subscription_like_the_others_but_cannot_be_moved() {
    let bench = Bench::new();
    let rider = bench.watcher(Format::Json, Sees::Free);
    let code = |result: Result<(), ErrorBody>| result.unwrap_err().code;
    rider.seat.follow(&named("ride"), None).unwrap();
    rider.seat.subscribe(&nearby("n", FAR)).unwrap();
    for name in ["ride", "n"] {
        let again = rider.seat.follow(&named(name), None);
        assert_eq!(code(again), ErrorCode::SubscriptionExists);
    }
    let moved = rider.seat.update(&nearby("ride", FAR));
    assert_eq!(code(moved), ErrorCode::InvalidMessage);
    for rate in [0.0, -1.0, 51.0, f32::NAN] {
        let follow = rider.seat.follow(&named("fast"), Some(rate));
        assert_eq!(code(follow), ErrorCode::InvalidMessage);
    }
    // Nothing to aim at.
    rider.aim("none", Some(&id("taxi")), None);
    rider.aim("n", None, None);
    assert!(bench.watched() > 1, "the circle is still watched");

    for n in 2..Settings::default().max_subscriptions {
        rider.seat.follow(&named(&format!("r{n}")), None).unwrap();
    }
    let one_more = rider.seat.follow(&named("more"), None);
    assert_eq!(code(one_more), ErrorCode::TooManySubscriptions);
    rider.seat.unsubscribe(&named("n")).unwrap();
    rider.aim("ride", Some(&id("taxi")), Some(FAR));
    assert_eq!(bench.watched(), 1);
    rider.seat.unsubscribe(&named("ride")).unwrap();
    assert_eq!(bench.watched(), 0);
    rider.seat.follow(&named("ride"), None).unwrap();
    rider.aim("ride", Some(&id("taxi")), Some(FAR));
    drop(rider);
    assert_eq!(bench.watched(), 0);
    assert!(bench.hub.state.borrow().followers.is_empty());
}
