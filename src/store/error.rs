use std::path::PathBuf;

/// Why the store could not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Redis could not be asked, or would not.
    #[error(transparent)]
    Redis(#[from] RedisFault),
    /// Another process has the file open.
    #[error("{path:?} is in use: another ridecast runs on it")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a store, or was damaged.
    #[error(
        "{path:?} is not a store or is damaged ({reason}): move it away to begin with an empty one"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The file cannot be read or written: no space, no permission, a broken disk.
    #[error("cannot use {path:?}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The embedded store has more to do than it takes at once.
    #[error("the store is busy, ask again")]
    Busy,
    /// The embedded store has ended.
    #[error("the store has ended")]
    Ended,
    /// [`Store::put_once`](super::Store::put_once) keeps no more values.
    #[error("{limit} values wait to be taken, no more are kept")]
    Full {
        /// How many there may be.
        limit: usize,
    },
}

/// Why Redis did not do it. The URL, which may hold a password, is not repeated.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RedisFault {
    /// No connection, or no answer in time.
    #[error("Redis at {address} does not answer: {reason}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What was tried.
        reason: String,
    },
    /// Redis answered with an error: wrong password, out of memory, read-only …
    #[error("Redis at {address} refuses: {reason}")]
    Refused {
        /// Host and port.
        address: String,
        /// What Redis says.
        reason: String,
    },
}
