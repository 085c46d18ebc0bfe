use std::time::Duration;

use async_trait::async_trait;

use super::RedisStore;
use crate::store::{Address, InboxState, Ledger, Outcome, Record, Step, StoreError, StoredEvent};

#[async_trait]
impl Ledger for RedisStore {
    async fn read(&self, _keys: &[String]) -> Result<Vec<Record>, StoreError> {
        Err(StoreError::Ended)
    }
    async fn commit(&self, _step: &Step) -> Result<Outcome, StoreError> {
        Err(StoreError::Ended)
    }
    async fn inbox(&self, _whose: &Address) -> Result<InboxState, StoreError> {
        Err(StoreError::Ended)
    }
    async fn events(&self, _: &Address, _: u64, _: usize) -> Result<Vec<StoredEvent>, StoreError> {
        Err(StoreError::Ended)
    }
    async fn listed(
        &self,
        _: &str,
        _: Option<(i64, String)>,
        _: usize,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        Err(StoreError::Ended)
    }
    async fn counts(&self, _: &[String]) -> Result<Vec<u64>, StoreError> {
        Err(StoreError::Ended)
    }
    async fn due(&self, _: &str, _: i64, _: Duration, _: usize) -> Result<Vec<String>, StoreError> {
        Err(StoreError::Ended)
    }
    async fn log(&self, _: &str, _: u64, _: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        Err(StoreError::Ended)
    }
}
