//! ridecast-simulator
