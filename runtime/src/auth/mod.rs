//! Who sends a request: bearer tokens (JWT) and API keys.

mod api_keys;
mod authentication;
mod fetch;
mod key_set;
mod key_source;
mod ring_provider;
mod token;

pub use api_keys::{ApiKeyError, ApiKeys};
pub use authentication::{AuthError, Authentication, Refusal};
pub use fetch::FetchError;
pub use key_set::KeySetError;
pub use key_source::{KeyPlace, KeySource, KeySourceError};
pub use token::{TokenRules, Tokens};
