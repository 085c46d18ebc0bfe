//! Every Redis key and channel of the service.
//!
//! Keys of one coarse cell carry the cell as a hash tag (`{…}`), so that Redis
//! Cluster keeps them in one slot: a pipeline may span cells, a script may not.
//! A moving vehicle touches three keys of one cell; a city is a few dozen cells.
//!
//! All of the ledger carries one tag, `{rides}`: a step writes rides, inboxes and
//! lists of many people as a whole, and a script can do so within one slot only.

use super::Address;
use crate::spatial::CoarseCell;

/// What a cell's keys and a vehicle's word in them live after the last write, in seconds.
pub(crate) const VEHICLE_TTL_S: i64 = 3_600;

/// Geo set of the vehicles in a cell: member is the vehicle's id.
///
/// For other tools of the operator (`GEOSEARCH`); the service itself answers
/// from memory. Without vehicles beyond ±85.05° of latitude, which `GEOADD`
/// does not take. Written with every batch, lives [`VEHICLE_TTL_S`].
pub(crate) fn geo(cell: CoarseCell) -> String {
    format!("ridecast:{{{cell}}}:geo")
}

/// Sorted set of the vehicles in a cell: member is the vehicle's id, score is
/// when it was last heard, ms since the Unix epoch.
///
/// Presence: by it stale members are swept. Written with every batch, lives [`VEHICLE_TTL_S`].
pub(crate) fn heard(cell: CoarseCell) -> String {
    format!("ridecast:{{{cell}}}:heard")
}

/// Hash of the vehicles in a cell: field is the vehicle's id, value its
/// [`VehicleRecord`](super::VehicleRecord) as JSON.
///
/// What a node reads that begins to watch a cell. Written with every batch, lives [`VEHICLE_TTL_S`].
pub(crate) fn vehicles(cell: CoarseCell) -> String {
    format!("ridecast:{{{cell}}}:vehicles")
}

/// Sorted set of the cells that have vehicles: score is when one was last written to, ms since the
/// Unix epoch. Written with every batch; members live [`VEHICLE_TTL_S`], and so does the key.
pub(crate) const CELLS: &str = "ridecast:cells";

/// List of the blocks of history that were made in this minute since the Unix epoch, by all nodes.
/// Lives as long from the end of that minute as its writers say.
pub(crate) fn history(minute: i64) -> String {
    format!("ridecast:history:{minute}")
}

/// A string: when the first block of [`history`] was made that may still be there, ms since the
/// Unix epoch. Lives as long as the block that was written last.
pub(crate) const HISTORY_SINCE: &str = "ridecast:history:since";

/// A string to be taken once, such as a ticket. Written by whoever puts it, lives as long as they say.
pub(crate) fn once(key: &str) -> String {
    format!("ridecast:once:{key}")
}

/// Sharded channel of what moves in a cell: a [`Batch`](crate::broker::Batch) as JSON.
///
/// Every node tells, the nodes with somebody watching the cell listen.
pub(crate) fn moves(cell: CoarseCell) -> String {
    format!("ridecast:{{{cell}}}:moves")
}

/// The cell whose [`moves`] the channel carries; `None` for any other channel.
pub(crate) fn cell_of_moves(channel: &[u8]) -> Option<CoarseCell> {
    let cell = channel
        .strip_prefix(b"ridecast:{")?
        .strip_suffix(b"}:moves")?;
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// Sharded channel of drivers' new sessions: a [`Claim`](crate::broker::Claim) as JSON.
/// Every node tells and listens.
pub(crate) const CLAIMS: &str = "ridecast:claims";

/// What the answer to a step lives, in seconds.
pub(crate) const ANSWER_TTL_S: i64 = 120;

/// A string: what became of a step, should it be committed again. Lives [`ANSWER_TTL_S`].
pub(crate) fn answer(step: u64) -> String {
    format!("ridecast:{{rides}}:answer:{step}")
}

/// Hash of one record: `version`, in decimal digits, and `value`. Lives as long as its writer says.
pub(crate) fn record(key: &str) -> String {
    format!("ridecast:{{rides}}:record:{key}")
}

/// Hash of one inbox: `epoch`, and `last`, the newest event's offset.
/// Lives as long as the [`Address`]'s `keeps` says, after the last event or question.
pub(crate) fn inbox(whose: &Address) -> String {
    format!("ridecast:{{rides}}:inbox:{whose}")
}

/// List of an inbox's events, the last of them with the offset `last` of the [`inbox`]: when it
/// happened, ms since the Unix epoch, a space, the event as JSON. Lives as long as the inbox.
pub(crate) fn events(whose: &Address) -> String {
    format!("ridecast:{{rides}}:events:{whose}")
}

/// Sorted set of one list's members. Lives until it is empty.
pub(crate) fn list(list: &str) -> String {
    format!("ridecast:{{rides}}:list:{list}")
}

/// List of one log's items. Lives as long after the last item as its writer says.
pub(crate) fn log(log: &str) -> String {
    format!("ridecast:{{rides}}:log:{log}")
}

/// Sharded channel of what is told to inboxes, a [`Told`](super::Told), and of what is told past
/// them, a [`Whisper`](crate::broker::Whisper), as JSON. Every node tells and listens.
pub(crate) const TOLD: &str = "ridecast:{rides}:told";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spatial::LatLon;

    #[test]
    fn a_channel_names_its_cell() {
        let cell = CoarseCell::of(LatLon::new(-34.9, -56.16).unwrap());
        assert_eq!(cell_of_moves(moves(cell).as_bytes()), Some(cell));
        for other in [geo(cell).as_str(), CLAIMS, TOLD, "ridecast:{x}:moves", ""] {
            assert_eq!(cell_of_moves(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_cell_keeps_its_keys_in_one_cluster_slot() {
        let cell = CoarseCell::of(LatLon::new(43.73, 7.42).unwrap());
        let tag = |key: String| key[key.find('{').unwrap()..=key.find('}').unwrap()].to_owned();
        for key in [geo(cell), heard(cell), vehicles(cell), moves(cell)] {
            assert_eq!(tag(key), format!("{{{cell}}}"));
        }
    }
}
