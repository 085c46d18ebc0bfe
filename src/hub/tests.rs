use std::task::{Context, Waker};

use ridecast_protocol::{
    Channel, Nearby, Position, SessionId, VehicleClass, VehicleId, VehicleInfo,
};

use super::*;

/// One that always has something to tell must not keep a slow reader from the others.
#[test]
fn each_subscription_of_a_session_has_its_turn() {
    let fleet = Fleet::new(crate::fleet::Settings::default());
    let listener = fleet.listen(false).unwrap();
    let metrics = Arc::new(Metrics::default());
    let hub = Hub::new(Arc::clone(&fleet), listener, metrics, Settings::default());
    let (seat, mut feed) = hub.join(Format::Json);
    for (name, latitude) in [("here", 0.0), ("there", 10.0)] {
        let request = ridecast_protocol::Subscribe {
            subscription: ridecast_protocol::SubscriptionName::new(name).unwrap(),
            channel: Channel::Nearby(Nearby {
                latitude,
                longitude: 0.0,
                radius_m: 1_000.0,
                limit: None,
                vehicle_class: None,
            }),
            max_rate_hz: None,
        };
        seat.subscribe(&request).unwrap();
    }
    let session = SessionId::new("s").unwrap();
    let vehicle = |id, timestamp_ms, latitude| {
        let info = VehicleInfo {
            class: VehicleClass::new("car").unwrap(),
            plate: None,
            label: None,
        };
        let vehicle = fleet.go_online(&VehicleId::new(id).unwrap(), info, &session, timestamp_ms);
        let position = Position {
            latitude,
            longitude: 0.0,
            timestamp_ms,
            accuracy: None,
            bearing: None,
            speed: None,
        };
        fleet
            .report(&vehicle, &session, position, timestamp_ms)
            .unwrap();
    };
    let mut told = Vec::new();
    for timestamp_ms in 1..=6 {
        // Both have moved before each frame that the socket takes.
        vehicle("a", timestamp_ms, 0.0);
        vehicle("b", timestamp_ms, 10.0);
        hub.state.borrow_mut().pass();
        let std::task::Poll::Ready(Some(Message::Text(text))) =
            feed.poll_next(&Context::from_waker(Waker::noop()))
        else {
            panic!("there is something to tell");
        };
        told.push(std::str::from_utf8(&text).unwrap().contains("there"));
    }
    assert_eq!(told, [false, true, false, true, false, true]);
}
