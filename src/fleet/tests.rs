mod nearest;

use ridecast_protocol::VehicleClass;

use super::*;

const NOW: i64 = 1_800_000_000_000;
const MINUTE: Duration = Duration::from_mins(1);

/// A node of one service.
fn node() -> Arc<Fleet> {
    Fleet::new(Settings {
        alias_for: MINUTE,
        alias_key: [7; 32],
        ..Settings::default()
    })
}

fn id() -> VehicleId {
    VehicleId::new("d1").unwrap()
}

fn session(name: &str) -> SessionId {
    SessionId::new(name).unwrap()
}

fn info(class: &str) -> VehicleInfo {
    VehicleInfo {
        class: VehicleClass::new(class).unwrap(),
        plate: None,
        label: None,
    }
}

fn report(fleet: &Fleet, vehicle: &Arc<Vehicle>, by: &str, at_ms: i64) -> Seen {
    let position = Position {
        latitude: -34.9,
        longitude: -56.2,
        timestamp_ms: at_ms,
        accuracy: None,
        bearing: None,
        speed: None,
    };
    fleet
        .report(vehicle, &session(by), position, at_ms)
        .unwrap();
    vehicle.seen().unwrap()
}

fn online(fleet: &Fleet, by: &str, at_ms: i64) -> Arc<Vehicle> {
    fleet.go_online(&id(), info("car"), &session(by), at_ms)
}

#[test]
fn nodes_give_a_vehicle_the_same_alias_and_renew_it_with_a_move() {
    let (one, other) = (node(), node());
    let vehicle = online(&one, "s1", NOW);
    let mut handles = std::collections::BTreeSet::from([vehicle.handle()]);
    let mut aliases = std::collections::BTreeSet::from([id().to_string()]);
    for minute in 0..5 {
        let at_ms = NOW + minute * 60_000;
        let seen = report(&one, &vehicle, "s1", at_ms);
        // Heard there a little later, by a clock that is an hour off.
        let theirs = at_ms - 3_600_000;
        other.hear(
            seen.record(&id(), session("s1")),
            theirs,
            theirs + 40,
            Teller::Node,
        );
        let there = other.get(&id()).unwrap().seen().unwrap();
        assert_eq!(seen.alias.id, there.alias.id);
        assert!(aliases.insert(seen.alias.id.to_string()), "a new alias");
        assert!(handles.insert(seen.alias.handle), "and a new number");
        let again = report(&one, &vehicle, "s1", at_ms + 1);
        assert!(
            Arc::ptr_eq(&again.alias, &seen.alias) || again.alias.id != seen.alias.id,
            "an alias has one number"
        );
        aliases.insert(again.alias.id.to_string());
        handles.insert(again.alias.handle);
    }
}

#[test]
fn engaged_holds_until_free_or_offline() {
    let fleet = node();
    let engaged = || fleet.get(&id()).and_then(|it| it.seen()).unwrap().engaged;
    assert!(!fleet.engage(&id(), true), "nobody is online");

    let vehicle = online(&fleet, "s1", NOW);
    assert!(fleet.engage(&id(), true));
    report(&fleet, &vehicle, "s1", NOW);
    assert!(engaged(), "told before the first position");
    online(&fleet, "s2", NOW + 1);
    assert!(engaged(), "over a new session");

    fleet.sweep(NOW + 61_000);
    assert!(fleet.get(&id()).is_none());
    let vehicle = online(&fleet, "s2", NOW + 62_000);
    report(&fleet, &vehicle, "s2", NOW + 62_000);
    assert!(engaged(), "over a tunnel longer than its time");
    let van = fleet.go_online(&id(), info("van"), &session("s2"), NOW + 63_000);
    report(&fleet, &van, "s2", NOW + 63_000);
    assert!(engaged(), "over another class");

    fleet.go_offline(&van, &session("s2"));
    let vehicle = online(&fleet, "s2", NOW + 64_000);
    report(&fleet, &vehicle, "s2", NOW + 64_000);
    assert!(!engaged(), "not over the end of work");

    fleet.engage(&id(), true);
    fleet.sweep(NOW + 200_000);
    assert!(!fleet.engage(&id(), false), "it is gone");
    let vehicle = online(&fleet, "s2", NOW + 201_000);
    report(&fleet, &vehicle, "s2", NOW + 201_000);
    assert!(!engaged(), "free, although it was told while it was gone");
}

#[test]
fn who_watches_is_told_at_once_that_a_standing_vehicle_is_engaged() {
    let fleet = node();
    let listener = fleet.listen(true).unwrap();
    let vehicle = online(&fleet, "s1", NOW);
    report(&fleet, &vehicle, "s1", NOW);
    let _ = listener.take();
    for engaged in [true, false] {
        fleet.engage(&id(), engaged);
        let told = listener.take();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].seen().unwrap().engaged, engaged);
        fleet.engage(&id(), engaged);
        assert!(listener.take().is_empty(), "nothing new");
    }
}

#[test]
fn other_nodes_are_told_and_an_older_word_of_the_store_shows_nobody() {
    let (one, other) = (node(), node());
    let vehicle = online(&one, "s1", NOW);
    let free = report(&one, &vehicle, "s1", NOW).record(&id(), session("s1"));
    one.engage(&id(), true);
    let engaged = vehicle.seen().unwrap().record(&id(), session("s1"));
    let there = || other.get(&id()).unwrap().seen().unwrap().engaged;

    other.hear(free.clone(), NOW, NOW, Teller::Node);
    assert!(!there());
    other.hear(engaged.clone(), NOW, NOW, Teller::Node);
    assert!(there(), "though it has not moved");
    other.hear(free.clone(), NOW, NOW, Teller::SharedStore);
    assert!(there(), "the store is behind");
    other.hear(free, NOW, NOW, Teller::Node);
    assert!(!there());
    other.hear(engaged.clone(), NOW, NOW, Teller::SharedStore);
    assert!(there(), "what the node said was missed");

    // The driver comes here, and goes back there.
    online(&other, "s2", NOW + 1);
    assert!(there());
    one.give_away(&id(), &session("s2"));
    assert!(!one.engage(&id(), true), "not its vehicle any more");
    other.give_away(&id(), &session("s3"));
    other.forget(&id());
    let vehicle = online(&other, "s4", NOW + 2);
    assert!(!report(&other, &vehicle, "s4", NOW + 2).engaged);

    // What a node has kept over a restart.
    let restarted = node();
    restarted.hear(engaged, NOW, NOW + 90_000, Teller::OwnStore);
    restarted.sweep(NOW + 90_000);
    let vehicle = online(&restarted, "s2", NOW + 91_000);
    assert!(report(&restarted, &vehicle, "s2", NOW + 91_000).engaged);
}
