//! The crate through its public door. One program, so that it is linked once.

mod cities;
mod damage;
mod drives;
mod extract;
mod map;
mod nearest;
mod routes;
mod rules;
