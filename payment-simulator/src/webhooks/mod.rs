//! What the provider tells by itself: at least once, in order per intent, until it is taken.

mod body;
mod signer;
mod tell;

pub use signer::{Signer, SigningError};
pub use tell::tell;
