//! To come.

use super::Effort;
use crate::report::Report;

pub(crate) fn queries(_: &mut Report, _: Effort) {}
