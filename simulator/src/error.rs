/// Why a simulation could not be run. What happens to single sessions while it
/// runs is no error of the simulation: it stands in the [`Report`](crate::Report).
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The service's address is no WebSocket address.
    #[error("{url:?} is not the address of a service: {reason}")]
    Url {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No certificate of the service could be believed.
    #[error("no TLS: {0}")]
    Tls(String),
    /// The road network cannot be used.
    #[error("the road network cannot be loaded: {0}")]
    Network(#[from] ridecast_roads::LoadError),
    /// The recorded trace cannot be used.
    #[error(transparent)]
    Trace(#[from] crate::TraceError),
    /// No token could be signed.
    #[error("no token can be made: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
    /// A setting is outside of what makes sense.
    #[error("{setting} must be {must}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// A bug in the simulator: its world broke down.
    #[error("the simulated world broke down")]
    Panicked,
    /// The name of a vehicle or rider is none that the protocol allows.
    #[error("no vehicle or rider can have that name: {0}")]
    Name(#[from] ridecast_protocol::InvalidName),
}
