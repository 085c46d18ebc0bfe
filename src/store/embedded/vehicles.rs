//! The table of vehicles.

use std::collections::HashMap;

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};
use ridecast_protocol::VehicleId;

use crate::store::{VehicleRecord, now_ms};

/// By vehicle id, the record as JSON.
const VEHICLES: TableDefinition<&str, &[u8]> = TableDefinition::new("vehicles");

/// Vehicles that were heard longer ago than this, a day, are dropped when the file is opened.
const STALE_MS: i64 = 24 * 3_600 * 1_000;

/// Drops what was not heard for a day, and what cannot be read.
pub(super) fn drop_stale(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    let before = now_ms() - STALE_MS;
    let mut unreadable = 0_u64;
    transaction.open_table(VEHICLES)?.retain(|_, json| {
        let record: Option<VehicleRecord> = serde_json::from_slice(json).ok();
        unreadable += u64::from(record.is_none());
        record.is_some_and(|record| record.heard_at_ms >= before)
    })?;
    if unreadable > 0 {
        tracing::warn!(
            unreadable,
            "left out vehicles that the store could not read"
        );
    }
    Ok(())
}

/// Puts in (`Some`) or removes (`None`).
pub(super) fn write(
    transaction: &WriteTransaction,
    changes: &HashMap<VehicleId, Option<VehicleRecord>>,
) -> Result<(), redb::Error> {
    // In the order of the keys, each page of the file is visited once.
    let mut changes: Vec<_> = changes.iter().collect();
    changes.sort_unstable_by_key(|(id, _)| *id);
    let mut vehicles = transaction.open_table(VEHICLES)?;
    for (id, now) in changes {
        match now {
            Some(record) => {
                let json = serde_json::to_vec(record).unwrap_or_default();
                vehicles.insert(id.as_str(), json.as_slice())?;
            }
            None => drop(vehicles.remove(id.as_str())?),
        }
    }
    Ok(())
}

/// All vehicles in the file.
pub(super) fn read(transaction: &ReadTransaction) -> Result<Vec<VehicleRecord>, redb::Error> {
    let vehicles = transaction.open_table(VEHICLES)?;
    let mut records = Vec::new();
    for entry in vehicles.iter()? {
        records.extend(serde_json::from_slice(entry?.1.value()));
    }
    Ok(records)
}
