//! The gradient itself.

use super::{Row, UpdateRule};
use crate::matrix::RankRevealing;

pub(super) struct Rule;

impl Row for Rule {
    fn usual<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::Gradient
    }
}
