//! To come.

use super::Effort;
use crate::report::Report;

pub(crate) fn stuck(_: &mut Report, _: Effort) {}
