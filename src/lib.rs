//! ridecast
