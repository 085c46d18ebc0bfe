//! A client that takes its events slowly gets them all, and nobody waits for it.

use ridecast_protocol::{Role, ServerMessage};
use tokio::time::Instant;

use crate::client::Client;
use crate::people::{request, step};
use crate::raw::{FIN, Raw, TEXT};
use crate::scene::{PICKUP, dropoff, impatient};
use crate::service::token;

#[tokio::test]
async fn hundreds_of_events_wait_for_who_does_not_read() {
    let service = impatient();
    let mut slow = Raw::open_with(service.address, &token("olga", Role::Operator), 4096).await;
    let mut quick = Client::open(service.address, "olaf", Role::Operator).await;
    let begin = quick.place.clone().unwrap().offset;
    let riders = (0..12).map(|n| async move {
        let mut rider = Client::open(service.address, &format!("r{n}"), Role::Rider).await;
        for k in 0..29 {
            let asked = request(&format!("k{k}"), PICKUP, dropoff());
            let ride = rider.ride(asked).await;
            let asked_at = Instant::now();
            rider.ok(step("cancel_ride", &ride.ride_id)).await;
            rider.tale("ride cancelled").await;
            assert!(asked_at.elapsed().as_secs() < 5, "others do not wait");
        }
    });
    futures_util::future::join_all(riders).await;
    quick.settle().await;
    quick.catch_up();
    let mut last = quick.place.clone().unwrap().offset;
    assert!(last - begin >= 12 * 29 * 2, "{last}");

    // Now it reads.
    let mut expected = None;
    while expected.is_none_or(|expected| expected <= last) {
        let (first, payload) = slow.next().await.expect("it is not closed");
        if first != FIN | TEXT {
            continue;
        }
        match serde_json::from_slice(&payload).unwrap() {
            ServerMessage::Welcome(welcome) => {
                expected = Some(welcome.inbox().unwrap().offset + 1);
            }
            ServerMessage::Event { offset, .. } => {
                assert_eq!(Some(offset), expected, "a hole, or twice");
                expected = Some(offset + 1);
            }
            other => panic!("{other:?}"),
        }
        last = last.max(quick.place.as_ref().unwrap().offset);
    }
}
