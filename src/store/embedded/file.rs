//! The file of the embedded store: opening it, and again after a fault. Everything here blocks.

use std::path::{Path, PathBuf};

use redb::backends::InMemoryBackend;
use redb::{Builder, Database, DatabaseError, ReadTransaction, ReadableDatabase, WriteTransaction};

use super::answers::Answers;
use super::{book, history, sweep, vehicles};
use crate::store::{StoreError, now_ms};

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

/// What a write transaction is for.
#[derive(Clone, Copy)]
pub(super) enum Wrote {
    /// To be kept.
    Something,
    /// There is nothing to keep, so nothing to wait for a disk for.
    Nothing,
}

pub(super) struct StoreFile {
    /// `None`: in memory, gone when it is closed.
    path: Option<PathBuf>,
    /// `None` after a fault of the disk: redb answers nothing then until it is opened anew.
    database: Option<Database>,
    /// What became of the last steps.
    pub(super) answers: Answers,
}

impl StoreFile {
    /// Opens the file or makes it, directories included, and drops what is stale in it.
    /// No path: in memory.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, StoreError> {
        let path = path.map(path_in);
        if let Some(path) = &path
            && let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty())
        {
            std::fs::create_dir_all(directory).map_err(|error| StoreError::File {
                path: path.clone(),
                reason: error.to_string(),
            })?;
        }
        let mut file = Self {
            path,
            database: None,
            answers: Answers::default(),
        };
        file.write(|transaction, _| {
            vehicles::drop_stale(transaction)?;
            book::make_tables(transaction)?;
            history::make_table(transaction)?;
            Ok((Wrote::Something, ()))
        })?;
        sweep::Sweep::default().sweep(&mut file, now_ms(), usize::MAX)?;
        Ok(file)
    }

    /// All that `work` does or nothing; on the disk when this returns.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&WriteTransaction, &Answers) -> Result<(Wrote, T), redb::Error>,
    ) -> Result<T, StoreError> {
        self.with(|database, answers| {
            let transaction = database.begin_write()?;
            let (wrote, done) = work(&transaction, answers)?;
            match wrote {
                Wrote::Something => transaction.commit()?,
                Wrote::Nothing => transaction.abort()?,
            }
            Ok(done)
        })
    }

    /// Looks at what has been committed.
    pub(super) fn read<T>(
        &mut self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        self.with(|database, _| look(&database.begin_read()?))
    }

    fn with<T>(
        &mut self,
        work: impl FnOnce(&Database, &Answers) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let database = match self.database.take() {
            Some(database) => database,
            None => self.connect()?,
        };
        match work(&database, &self.answers) {
            Ok(done) => {
                self.database = Some(database);
                Ok(done)
            }
            // The database is closed and opened anew next time.
            Err(error) => Err(self.fault(error)),
        }
    }

    fn connect(&mut self) -> Result<Database, StoreError> {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        let database = match &self.path {
            // Reads the whole file, milliseconds for a city: without it, redb panics over
            // pages that a broken disk has changed.
            Some(path) => builder.set_check_integrity_on_open(true).create(path),
            None => builder.create_with_backend(InMemoryBackend::new()),
        };
        let database = database.map_err(|error| self.not_opened(error))?;
        // A transaction that ended in a fault may have reached the disk all the same. Its steps
        // are known from the file then, should their callers try them again.
        let last = book::last_answers(&database).map_err(|error| self.fault(error))?;
        self.answers.remember(last);
        Ok(database)
    }

    fn path(&self) -> PathBuf {
        self.path.clone().unwrap_or_else(|| "memory".into())
    }

    fn not_opened(&self, error: DatabaseError) -> StoreError {
        let path = self.path();
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
        let path = self.path();
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
