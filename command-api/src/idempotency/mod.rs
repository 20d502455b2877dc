//! Commands that can be sent again: the first answer under an `Idempotency-Key` is the answer.

mod expired;
mod fingerprint;
mod key;
mod once;
mod under_way;

pub use expired::delete_expired_keys;
pub use fingerprint::Fingerprint;
pub use key::IdempotencyKey;
pub use once::{Turn, in_progress};
pub use under_way::{Place, UnderWay};
