//! The file of the embedded store. Everything here blocks.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, StorageError,
    TableDefinition,
};
use ridecast_protocol::VehicleId;

use super::{StoreError, VehicleRecord, now_ms};

/// By vehicle id, the record as JSON.
const VEHICLES: TableDefinition<&str, &[u8]> = TableDefinition::new("vehicles");

/// Vehicles that were heard longer ago than this, a day, are dropped when the file is opened.
const STALE_MS: i64 = 24 * 3_600 * 1_000;

/// Pages kept in memory. Ten thousand vehicles are about 4 MB; redb's own default is 1 GB.
const CACHE_BYTES: usize = 32 << 20;

/// The file that a `embedded:PATH` means: the path itself if it is a file or
/// has an extension, else one in the directory of that name.
pub(super) fn path_in(path: &Path) -> PathBuf {
    if path.is_file() || (!path.is_dir() && path.extension().is_some()) {
        path.to_owned()
    } else {
        path.join("ridecast.redb")
    }
}

pub(super) struct VehicleFile {
    path: PathBuf,
    /// `None` after a fault of the disk: redb answers nothing then until it is opened anew.
    database: Option<Database>,
}

impl VehicleFile {
    /// Opens the file or makes it, directories included, and drops what is stale in it.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path_in(path);
        let no_file = |error: std::io::Error| StoreError::File {
            path: path.clone(),
            reason: error.to_string(),
        };
        if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory).map_err(no_file)?;
        }
        let mut file = Self {
            path,
            database: None,
        };
        file.transaction(|vehicles| {
            let before = now_ms() - STALE_MS;
            let mut unreadable = 0_u64;
            vehicles.retain(|_, json| {
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
        })?;
        Ok(file)
    }

    /// All changes or none: put in (`Some`) or remove (`None`). On the disk when it returns.
    pub(super) fn write(
        &mut self,
        changes: &HashMap<VehicleId, Option<VehicleRecord>>,
    ) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        // In the order of the keys, each page of the file is visited once.
        let mut changes: Vec<_> = changes.iter().collect();
        changes.sort_unstable_by_key(|(id, _)| *id);
        self.transaction(|vehicles| {
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
        })
    }

    /// All vehicles in the file.
    pub(super) fn read(&mut self) -> Result<Vec<VehicleRecord>, StoreError> {
        let read = |database: &Database| -> Result<_, redb::Error> {
            let vehicles = database.begin_read()?.open_table(VEHICLES)?;
            let mut records = Vec::new();
            for entry in vehicles.iter()? {
                records.extend(serde_json::from_slice(entry?.1.value()));
            }
            Ok(records)
        };
        self.with(read)
    }

    fn transaction(
        &mut self,
        work: impl FnOnce(&mut redb::Table<&str, &[u8]>) -> Result<(), StorageError>,
    ) -> Result<(), StoreError> {
        self.with(|database| {
            let transaction = database.begin_write()?;
            work(&mut transaction.open_table(VEHICLES)?)?;
            Ok(transaction.commit()?)
        })
    }

    fn with<T>(
        &mut self,
        work: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let database = match self.database.take() {
            Some(database) => database,
            None => Builder::new()
                .set_cache_size(CACHE_BYTES)
                // Reads the whole file, milliseconds for a city: without it, redb panics over
                // pages that a broken disk has changed.
                .set_check_integrity_on_open(true)
                .create(&self.path)
                .map_err(|error| self.not_opened(error))?,
        };
        match work(&database) {
            Ok(done) => {
                self.database = Some(database);
                Ok(done)
            }
            // The database is closed and opened anew next time.
            Err(error) => Err(self.fault(error)),
        }
    }

    fn not_opened(&self, error: DatabaseError) -> StoreError {
        let path = self.path.clone();
        let reason = error.to_string();
        match error {
            DatabaseError::DatabaseAlreadyOpen => StoreError::InUse { path },
            DatabaseError::UpgradeRequired(_) | DatabaseError::RepairAborted => {
                StoreError::Damaged { path, reason }
            }
            error => self.fault(error.into()),
        }
    }

    fn fault(&self, error: redb::Error) -> StoreError {
        let path = self.path.clone();
        let reason = error.to_string();
        match error {
            redb::Error::Io(error)
                if !matches!(
                    error.kind(),
                    std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof
                ) =>
            {
                StoreError::File { path, reason }
            }
            _ => StoreError::Damaged { path, reason },
        }
    }
}
