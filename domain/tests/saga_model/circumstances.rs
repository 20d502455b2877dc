use std::fmt;

use domain::saga::{Reaction, SagaFlow};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stocked {
    Enough,
    Short,
}

/// What does not change during a history.
#[derive(Clone)]
pub struct Circumstances {
    pub flow: SagaFlow,
    pub stocked: Stocked,
    pub table: Vec<Reaction>,
    /// Whether there is a deadline. Without one, the provider always goes on in the end.
    pub clock: bool,
    /// How often the customer cancels, at most.
    pub cancels: u8,
    /// How often something comes again that had been dealt with, at most.
    pub repeats: u8,
    /// Whether refunds are asked for: false is a fault.
    pub refunds: bool,
}

impl fmt::Display for Circumstances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (flow, stocked) = (self.flow, self.stocked);
        let clock = if self.clock { "with" } else { "without" };
        let (cancels, repeats) = (self.cancels, self.repeats);
        write!(
            f,
            "{flow}, {stocked:?}, {clock} a deadline, {cancels} cancellations, {repeats} repeats"
        )
    }
}
