//! Between a driver and the vehicle.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::Order;

/// The newest order wins; the vehicle answers when it has carried that one out.
#[derive(Debug)]
pub(crate) struct Wheel {
    order: Mutex<(u64, Option<Order>)>,
    reached: watch::Sender<u64>,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        Self {
            order: Mutex::default(),
            reached: watch::Sender::new(0),
        }
    }

    /// From the driver.
    pub(crate) fn order(&self, order: Order) {
        let mut place = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        *place = (place.0 + 1, Some(order));
    }

    /// To the vehicle: an order, once, with its number.
    pub(crate) fn take(&self) -> Option<(u64, Order)> {
        let mut place = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let order = place.1.take()?;
        Some((place.0, order))
    }

    /// From the vehicle: it stands where that order sent it.
    pub(crate) fn reached(&self, number: u64) {
        self.reached
            .send_if_modified(|reached| std::mem::replace(reached, number) != number);
    }

    /// Waits until the newest order is carried out, and it is another than `known`.
    pub(crate) async fn arrival(&self, known: u64) -> u64 {
        let mut reached = self.reached.subscribe();
        let newest = |number: &u64| {
            let place = self.order.lock().unwrap_or_else(PoisonError::into_inner);
            *number != known && *number == place.0
        };
        let arrived = reached.wait_for(newest).await.map(|number| *number);
        match arrived {
            Ok(number) => number,
            // Never: the sender is `self`.
            Err(_) => std::future::pending().await,
        }
    }
}
