//! To come.

use super::Effort;
use crate::report::Report;

pub(crate) fn ingest(_: &mut Report, _: Effort) {}
