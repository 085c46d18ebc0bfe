use std::future;

use async_trait::async_trait;

use super::{Batch, Broker, BrokerError, Claim, Heard, Whisper};
use crate::spatial::CoarseCell;

/// The broker of a node that is alone: nobody to tell, nothing to hear.
pub(super) struct Alone;

#[async_trait]
impl Broker for Alone {
    fn has_peers(&self) -> bool {
        false
    }

    async fn publish(&self, _batches: &[(CoarseCell, Batch)]) -> Result<(), BrokerError> {
        Ok(())
    }

    async fn claim(&self, _claim: &Claim) -> Result<(), BrokerError> {
        Ok(())
    }

    async fn whisper(&self, _: &Whisper) -> Result<(), BrokerError> {
        Ok(())
    }

    async fn listen(&self, _cells: &[CoarseCell]) -> Result<(), BrokerError> {
        Ok(())
    }

    async fn heard(&self) -> Option<Heard> {
        future::pending().await
    }
}
