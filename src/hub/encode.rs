use bytes::Bytes;
use ridecast_protocol::binary::FrameWriter;

use super::subscription::{Delta, Subscription};
use super::vehicle::HubVehicle;
use super::{Format, Message};

/// Makes one `vehicles` message of what a subscription has to tell.
pub(super) fn vehicles<'a>(
    format: Format,
    subscription: &Subscription,
    delta: &Delta,
    vehicle: impl Fn(u32) -> Option<&'a HubVehicle>,
    now_ms: i64,
) -> Message {
    match format {
        Format::Json => Message::Text(json(subscription, delta, vehicle)),
        Format::Binary => Message::Binary(binary(subscription, delta, vehicle, now_ms)),
    }
}

/// The same text that serde would write for `VehiclesMessage`, with the
/// vehicles' parts copied instead of made anew (a test compares).
fn json<'a>(
    subscription: &Subscription,
    delta: &Delta,
    vehicle: impl Fn(u32) -> Option<&'a HubVehicle>,
) -> Bytes {
    let (name, sees) = (&subscription.name, subscription.sees);
    let text = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let count = delta.entered.len() + delta.moved.len();
    let mut out = Vec::with_capacity(96 + 200 * count + 48 * delta.left.len());
    out.extend_from_slice(b"{\"type\":\"vehicles\",\"subscription\":");
    out.extend_from_slice(text(name.as_str()).as_bytes());
    out.extend_from_slice(if delta.snapshot {
        b",\"snapshot\":true,\"vehicles\":["
    } else {
        b",\"snapshot\":false,\"vehicles\":["
    });
    for vehicle in delta
        .entered
        .iter()
        .chain(&delta.moved)
        .filter_map(|&handle| vehicle(handle))
    {
        separate(&mut out);
        out.extend_from_slice(vehicle.json(sees));
    }
    out.extend_from_slice(b"],\"left\":[");
    for name in &delta.left {
        separate(&mut out);
        out.extend_from_slice(text(name.id.as_str()).as_bytes());
    }
    out.extend_from_slice(b"]}");
    out.into()
}

fn separate(out: &mut Vec<u8>) {
    if out.last() != Some(&b'[') {
        out.push(b',');
    }
}

fn binary<'a>(
    subscription: &Subscription,
    delta: &Delta,
    vehicle: impl Fn(u32) -> Option<&'a HubVehicle>,
    now_ms: i64,
) -> Bytes {
    let (name, sees) = (&subscription.name, subscription.sees);
    let count = delta.entered.len() + delta.moved.len();
    let mut out = Vec::with_capacity(96 + 32 * count + 4 * delta.left.len());
    let base_ms = u64::try_from(now_ms).unwrap_or(0);
    let mut frame = FrameWriter::new(&mut out, name, delta.snapshot, base_ms);
    for vehicle in delta.entered.iter().filter_map(|&handle| vehicle(handle)) {
        frame.introduce(
            vehicle.record(sees),
            &vehicle.seen.info.class,
            vehicle.id(sees),
        );
    }
    for vehicle in delta.moved.iter().filter_map(|&handle| vehicle(handle)) {
        frame.record(vehicle.record(sees));
    }
    frame.finish(delta.left.iter().map(|name| name.handle));
    out.into()
}
