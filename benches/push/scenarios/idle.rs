//! To come.

use super::Effort;
use crate::report::Report;

pub(crate) fn idle(_: &mut Report, _: Effort) {}
