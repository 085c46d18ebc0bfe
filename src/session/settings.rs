use std::num::NonZeroU32;

/// How many sessions there may be, and how much each may say.
///
/// The limits in a second are buckets: what is saved up in a quiet while may come at once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// In all.
    pub most: usize,
    /// Of one address; 0: any number. Behind the one address of a mobile carrier are thousands.
    pub most_per_address: usize,
    /// Of one person; 0: any number. Several devices, and the sessions that a lost connection
    /// leaves behind until it is noticed.
    pub most_per_user: usize,
    /// Messages of a session in a second, five times as many at once.
    pub messages_per_s: NonZeroU32,
    /// Bytes of a session in a second, 32 times as many at once.
    pub bytes_per_s: NonZeroU32,
    /// Positions of a driver's session in a second, 80 times as many at once: a trail after an
    /// hour in a tunnel, sent at once, passes.
    pub positions_per_s: NonZeroU32,
}

impl Settings {
    pub(super) const MESSAGES_AT_ONCE: u32 = 5;
    pub(super) const BYTES_AT_ONCE: u32 = 32;
    const POSITIONS_AT_ONCE: u32 = 80;

    /// The size of the bucket of positions: a whole list must fit.
    #[must_use]
    pub fn positions_at_once(&self) -> NonZeroU32 {
        let at_once = self.positions_per_s.get();
        let at_once = at_once.saturating_mul(Self::POSITIONS_AT_ONCE);
        let list = u32::try_from(ridecast_protocol::Positions::MAX).unwrap_or(u32::MAX);
        NonZeroU32::new(at_once.max(list)).unwrap_or(NonZeroU32::MAX)
    }
}

impl Default for Settings {
    fn default() -> Self {
        const MESSAGES_PER_S: NonZeroU32 = NonZeroU32::new(100).unwrap();
        const BYTES_PER_S: NonZeroU32 = NonZeroU32::new(64 * 1024).unwrap();
        const POSITIONS_PER_S: NonZeroU32 = NonZeroU32::new(50).unwrap();
        Self {
            most: 20_000,
            most_per_address: 5_000,
            most_per_user: 50,
            messages_per_s: MESSAGES_PER_S,
            bytes_per_s: BYTES_PER_S,
            positions_per_s: POSITIONS_PER_S,
        }
    }
}
