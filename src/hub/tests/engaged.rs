use super::*;

const HERE: (f64, f64) = (-34.9, -56.16);

#[test]
fn a_vehicle_that_a_ride_has_taken_leaves_the_views_of_riders_at_once() {
    for format in [Format::Json, Format::Binary] {
        let mut bench = Bench::new();
        let (taxi, other) = (id("taxi"), id("other"));
        let mut rider = bench.watcher(format, Sees::Free);
        let mut operator = bench.watcher(format, Sees::Everything);
        let mut limited = nearby("few", HERE);
        if let Channel::Nearby(nearby) = &mut limited.channel {
            nearby.limit = Some(1);
        }
        for watcher in [&mut rider, &mut operator] {
            watcher.seat.subscribe(&nearby("n", HERE)).unwrap();
            watcher.seat.subscribe(&limited).unwrap();
        }
        bench.drive(&taxi, HERE);
        bench.drive(&other, (-34.901, -56.16));
        let (alias, others) = (bench.alias(&taxi), bench.alias(&other));
        let mut both = [alias.as_str(), others.as_str()];
        both.sort_unstable();

        // Without a move in between.
        for engaged in [false, true, false] {
            bench.fleet.engage(&taxi, engaged);
            bench.pass();
            rider.take();
            operator.take();
            if engaged {
                assert_eq!(rider.names("n"), [&others]);
                assert_eq!(rider.names("few"), [&others], "the nearest of the free");
            } else {
                assert_eq!(rider.names("n"), both);
                assert_eq!(rider.names("few"), [&alias]);
            }
            assert_eq!(operator.names("n"), ["other", "taxi"]);
            assert_eq!(operator.names("few"), ["taxi"]);
        }

        // Who comes when it is taken does not see it either, nor who moves the map.
        bench.fleet.engage(&taxi, true);
        bench.pass();
        let mut late = bench.watcher(format, Sees::Free);
        late.seat.subscribe(&nearby("n", HERE)).unwrap();
        rider.seat.update(&nearby("n", (-34.902, -56.16))).unwrap();
        late.take();
        rider.take();
        assert_eq!(late.names("n"), [&others]);
        assert_eq!(rider.names("n"), [&others]);
    }
}

#[test]
fn an_alias_that_is_over_leaves_as_the_next_enters() {
    for format in [Format::Json, Format::Binary] {
        let mut bench = Bench::new();
        let mut rider = bench.watcher(format, Sees::Free);
        rider.seat.subscribe(&nearby("n", HERE)).unwrap();
        let mut names = std::collections::BTreeSet::new();
        let mut handles = std::collections::BTreeSet::new();
        for n in 1..=20 {
            bench.now_ms += 300;
            bench.drive(&id("taxi"), HERE);
            bench.pass();
            if n % 3 == 0 {
                continue; // Not told in between.
            }
            rider.take();
            let alias = bench.alias(&id("taxi"));
            assert_eq!(rider.names("n"), [&alias]);
            handles.extend(rider.views["n"][&alias].handle);
            names.insert(alias);
        }
        assert!((6..=8).contains(&names.len()), "{names:?}");
        assert!(!names.contains("taxi"));
        let numbers = if format == Format::Binary {
            names.len()
        } else {
            0
        };
        assert_eq!(handles.len(), numbers, "a number for each alias");
    }
}
