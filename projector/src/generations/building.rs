use std::sync::Arc;

use read_models::Generation;

use super::Progress;
use super::claim::Claim;
use crate::Site;

/// A generation that is being filled, and with what.
pub struct Building<'a> {
    pub(crate) claim: &'a mut Claim,
    pub(crate) site: &'a Site,
    pub(crate) live: Option<&'a Generation>,
    /// How much is done at the same time.
    pub(crate) at_once: usize,
    pub(crate) progress: &'a Arc<dyn Fn(Progress) + Send + Sync>,
}
