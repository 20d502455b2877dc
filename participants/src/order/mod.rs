//! The order as a participant of its own saga: it notes what the others did, and gives up what is
//! not finished in time.

mod deadlines;
mod rules;
mod transitions;

pub use deadlines::Deadlines;
pub use rules::OrderRules;
pub use transitions::count_transitions;
