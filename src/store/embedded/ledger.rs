use std::time::Duration;

use async_trait::async_trait;

use super::{EmbeddedStore, look};
use crate::store::{Address, InboxState, Ledger, Outcome, Record, Step, StoreError, StoredEvent};

#[async_trait]
impl Ledger for EmbeddedStore {
    async fn read(&self, keys: &[String]) -> Result<Vec<Record>, StoreError> {
        let keys = keys.to_owned();
        self.asks()?
            .look(move |file| file.read(|ledger| look::records(ledger, &keys)))
            .await
    }

    async fn commit(&self, step: &Step) -> Result<Outcome, StoreError> {
        let step = step.clone();
        self.asks()?.change(move |book| book.step(&step)).await
    }

    async fn inbox(&self, whose: &Address) -> Result<InboxState, StoreError> {
        let whose = whose.clone();
        self.asks()?.change(move |book| book.inbox(&whose)).await
    }

    async fn events(
        &self,
        whose: &Address,
        after: u64,
        most: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let whose = whose.clone();
        self.asks()?
            .look(move |file| file.read(|ledger| look::events(ledger, &whose, after, most)))
            .await
    }

    async fn listed(
        &self,
        list: &str,
        before: Option<(i64, String)>,
        most: usize,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let list = list.to_owned();
        self.asks()?
            .look(move |file| {
                file.read(|ledger| look::listed(ledger, &list, before.as_ref(), most))
            })
            .await
    }

    async fn counts(&self, lists: &[String]) -> Result<Vec<u64>, StoreError> {
        let lists = lists.to_owned();
        self.asks()?
            .look(move |file| file.read(|ledger| look::counts(ledger, &lists)))
            .await
    }

    async fn due(
        &self,
        list: &str,
        now_ms: i64,
        lease: Duration,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let list = list.to_owned();
        self.asks()?
            .change(move |book| book.due(&list, now_ms, lease, most))
            .await
    }

    async fn log(&self, log: &str, from: u64, most: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let log = log.to_owned();
        self.asks()?
            .look(move |file| file.read(|ledger| look::log(ledger, &log, from, most)))
            .await
    }
}
