//! Whether what is served equals what was decided: the store's events of each order folded, and
//! compared with the row of its current state, with its document and with its newest record, and the
//! totals over them; and the log with what is on the topics. The system may be at work.

mod check;
mod compare;
mod documents;
mod expected;
mod extras;
mod folded_totals;
mod log;
mod newest;
mod offsets;
mod report;
mod sample;
mod settle;
mod settle_log;
mod settle_totals;
mod totals;

pub use check::{Progress, Verification};
pub use report::{Class, Difference, Example, Finding, Place, Report};
pub use sample::Sample;
