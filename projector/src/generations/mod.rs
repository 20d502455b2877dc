//! Generations of a projection: made, filled from the store, compared, switched, dropped, and who
//! follows which.

mod building;
mod catch_up;
mod claim;
mod compare;
mod compared;
mod discard;
mod fill;
mod filler;
mod follow;
mod from_topics;
mod insert;
mod known;
mod level;
mod own_worker;
mod rebuild;
mod status;
mod switch;
mod unapplied;

use read_models::{Generation, ReadDatabase};

use crate::Projection;

pub use building::Building;
pub use compare::Compare;
pub use compared::{Compared, Comparison, Difference, Kind};
pub(crate) use fill::from_store;
pub use follow::Follower;
pub(crate) use from_topics::from_topics;
pub use known::{KnownGeneration, Role};
pub use rebuild::{Progress, Rebuild, Rebuilt, Switching};
pub use status::{Follows, Status};

/// The generations of one projection.
#[derive(Clone)]
pub struct Generations {
    database: ReadDatabase,
    projection: &'static dyn Projection,
}

impl Generations {
    pub fn new(database: ReadDatabase, projection: &'static dyn Projection) -> Self {
        Self {
            database,
            projection,
        }
    }

    fn name(&self) -> &'static str {
        self.projection.name()
    }

    /// Everything that is made, filled and dropped with a generation.
    fn collections(&self, generation: &Generation) -> Vec<String> {
        let collections = self.projection.collections(generation);
        collections.into_iter().map(|(name, _)| name).collect()
    }
}
