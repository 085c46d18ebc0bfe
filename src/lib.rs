//! **ridecast**: a live ride-tracking and geolocation push service.
//!
//! The modules are floors of a house; arrows go down only:
//!
//! | floor | modules |
//! |---|---|
//! | 5 | [`app`] [`config`] |
//! | 4 | [`http`] [`ws`] [`gate`] |
//! | 3 | [`session`] [`driver`] [`rider`] [`watcher`] [`rides`] [`revocations`] [`webhooks`] |
//! | 2 | [`fleet`] [`hub`] [`inbox`] [`history`] |
//! | 1 | [`store`] [`broker`] [`routing`] |
//! | 0 | [`spatial`] [`ride`] [`auth`] [`telemetry`] |
//!
//! `ARCHITECTURE.md` tells the way of a position through them.

pub mod app;
pub mod auth;
pub mod broker;
pub mod config;
pub mod demo;
pub mod driver;
pub mod fleet;
pub mod gate;
pub mod history;
pub mod http;
pub mod hub;
pub mod inbox;
pub mod revocations;
pub mod ride;
pub mod rider;
pub mod rides;
pub mod routing;
pub mod session;
pub mod spatial;
pub mod store;
pub mod telemetry;
pub mod watcher;
pub mod webhooks;
pub mod ws;
