//! Giving up: at every stage, by each side, and what follows from it.

use ridecast_protocol::{Cancelled, ErrorCode, Party, Ride, RideState as S};
use serde_json::{Value, json};

use crate::people::step;
use crate::scene::Scene;

fn cancel(scene: &Scene) -> Value {
    json!({"type": "cancel_ride", "ride_id": scene.ride, "reason": "changed my mind"})
}

fn check(ride: &Ride, by: Party, stage: S) {
    assert_eq!(ride.state, S::Cancelled);
    let cancelled = Cancelled {
        by,
        stage,
        reason: Some("changed my mind".to_owned()),
    };
    assert_eq!(ride.cancelled.as_ref(), Some(&cancelled));
    assert!(ride.ended_at_ms.is_some() && ride.eta.is_none() && ride.search.is_none());
    assert!(ride.distance_m.is_none() && ride.duration_s.is_none());
}

/// Everybody is told, once; and the driver may drive somebody else.
async fn is_over(mut scene: Scene, by: Party, stage: S) {
    for (who, client) in [
        ("rider", &mut scene.rider),
        ("operator", &mut scene.operator),
    ] {
        let told = client.until_ride(S::Cancelled).await;
        check(&told, by, stage);
        assert_eq!(
            told.driver.is_some(),
            who == "operator" && stage.is_driven()
        );
        assert_eq!(client.rest().await, [""; 0], "{who}");
    }
    if stage == S::Offered {
        assert_eq!(scene.driver.rest().await, ["offer withdrawn"]);
    } else if stage.is_driven() {
        let told = scene.driver.until_ride(S::Cancelled).await;
        check(&told, by, stage);
        assert!(told.rider.is_none());
    }
    assert_eq!(scene.driver.rest().await, [""; 0]);
    let again = cancel(&scene);
    let (same, others) = match by {
        Party::Rider => (&mut scene.rider, [&mut scene.operator]),
        Party::Driver => (&mut scene.driver, [&mut scene.operator]),
        Party::System => (&mut scene.operator, [&mut scene.rider]),
    };
    check(&same.ride(again.clone()).await, by, stage);
    for other in others {
        assert_eq!(
            other.refused(again.clone()).await,
            ErrorCode::WrongRideState
        );
    }
    for client in [&mut scene.rider, &mut scene.driver, &mut scene.operator] {
        assert_eq!(client.rest().await, [""; 0], "a repetition changes nothing");
    }
    if stage == S::Requested {
        scene.driver.ok(crate::say::go_online("car")).await;
        let at = crate::say::position(crate::scene::PICKUP);
        scene.driver.ok(at).await;
    }
    scene.driver_is_free().await;
}

const STAGES: [S; 5] = [
    S::Requested,
    S::Offered,
    S::Accepted,
    S::Arrived,
    S::InProgress,
];

#[tokio::test]
async fn a_rider_may_cancel_at_every_stage() {
    for stage in STAGES {
        let mut scene = Scene::at(stage).await;
        scene.until_seen(stage == S::Offered).await;
        let cancel = cancel(&scene);
        let ride = scene.rider.ride(cancel).await;
        check(&ride, Party::Rider, stage);
        assert!(ride.driver.is_none());
        is_over(scene, Party::Rider, stage).await;
    }
}

#[tokio::test]
async fn an_operator_may_cancel_at_every_stage() {
    for stage in STAGES {
        let mut scene = Scene::at(stage).await;
        let cancel = cancel(&scene);
        let ride = scene.operator.ride(cancel).await;
        check(&ride, Party::System, stage);
        assert_eq!(
            ride.rider.as_ref().map(ridecast_protocol::UserId::as_str),
            Some("rosa")
        );
        is_over(scene, Party::System, stage).await;
    }
}

#[tokio::test]
async fn a_driver_who_has_arrived_ends_the_ride_by_cancelling() {
    for stage in [S::Arrived, S::InProgress] {
        let mut scene = Scene::at(stage).await;
        scene.until_seen(false).await;
        let cancel = cancel(&scene);
        let ride = scene.driver.ride(cancel).await;
        check(&ride, Party::Driver, stage);
        is_over(scene, Party::Driver, stage).await;
    }
}

#[tokio::test]
async fn a_driver_who_cancels_on_the_way_leaves_the_ride_to_others() {
    let mut scene = Scene::at(S::Accepted).await;
    let cancel = cancel(&scene);
    for again in [false, true] {
        let ride = scene.driver.ride(cancel.clone()).await;
        assert_eq!(ride.state, S::Requested, "again: {again}");
        assert!(ride.driver.is_none() && ride.accepted_at_ms.is_none());
    }
    for client in [&mut scene.rider, &mut scene.operator] {
        let told = client.tale("ride requested no_vehicle").await;
        assert_eq!(
            told,
            [
                "ride requested driver_cancelled",
                "ride requested no_vehicle"
            ]
        );
    }
    assert_eq!(
        scene.driver.rest().await,
        ["ride requested driver_cancelled"]
    );
    scene.until_seen(true).await;
    // Nothing of the ride is theirs any more.
    let ride = scene.ride.clone();
    for kind in ["arrive", "start_ride", "complete_ride"] {
        let code = scene.driver.refused(step(kind, &ride)).await;
        assert_eq!(code, ErrorCode::UnknownRide);
    }
    scene.driver_is_not_asked_again().await;
    scene.driver_is_free().await;
}

#[tokio::test]
async fn who_was_only_offered_a_ride_cannot_cancel_it() {
    let mut scene = Scene::at(S::Offered).await;
    let cancel = cancel(&scene);
    let code = scene.driver.refused(cancel).await;
    assert_eq!(code, ErrorCode::UnknownRide);
    assert_eq!(scene.rider.rest().await, [""; 0]);
}

#[tokio::test]
async fn an_operator_gives_a_ride_to_somebody_else() {
    for stage in [S::Offered, S::Accepted, S::Arrived] {
        let mut scene = Scene::at(stage).await;
        let reassign = step("reassign_ride", &scene.ride);
        let ride = scene.operator.ride(reassign.clone()).await;
        assert_eq!(ride.state, S::Requested);
        assert_eq!(scene.operator.ride(reassign).await.state, S::Requested);
        let told = scene.rider.tale("ride requested no_vehicle").await;
        assert_eq!(
            told,
            ["ride requested reassigned", "ride requested no_vehicle"]
        );
        let last = if stage == S::Offered {
            "offer withdrawn"
        } else {
            "ride requested reassigned"
        };
        assert_eq!(scene.driver.rest().await, [last]);
        scene.driver_is_not_asked_again().await;
        scene.driver_is_free().await;
    }
}

#[tokio::test]
async fn a_ride_under_way_or_over_is_not_given_away() {
    let mut scene = Scene::at(S::InProgress).await;
    let reassign = step("reassign_ride", &scene.ride);
    let code = scene.operator.refused(reassign.clone()).await;
    assert_eq!(code, ErrorCode::WrongRideState);
    for client in [&mut scene.rider, &mut scene.driver] {
        let code = client.refused(reassign.clone()).await;
        assert_eq!(code, ErrorCode::Forbidden);
    }
    let complete = step("complete_ride", &scene.ride);
    scene.driver.ok(complete).await;
    let code = scene.operator.refused(reassign).await;
    assert_eq!(code, ErrorCode::WrongRideState);
    scene.driver_is_free().await;
}

#[tokio::test]
async fn a_reason_has_its_limit() {
    let mut scene = Scene::at(S::Requested).await;
    let mut too_long = cancel(&scene);
    too_long["reason"] = json!("é".repeat(101));
    let code = scene.rider.refused(too_long).await;
    assert_eq!(code, ErrorCode::InvalidMessage);
    let mut longest = cancel(&scene);
    longest["reason"] = json!("é".repeat(100));
    scene.rider.ok(longest).await;
}
