use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use runtime::config::Secret;

/// What webhooks are signed with. While a secret is exchanged for another, both are taken.
pub struct WebhookSecrets(pub(super) Vec<hmac::Key>);

/// Without the secret itself, which may be right but for a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookSecretError {
    #[error("without a secret no webhook could be told from a forged one")]
    None,
    #[error("webhook secret {0} is not whsec_ and the base64 of at least 24 bytes")]
    Malformed(usize),
}

/// What the specification asks for.
const FEWEST_BYTES: usize = 24;

impl WebhookSecrets {
    /// Each is `whsec_…`.
    pub fn new(secrets: &[Secret]) -> Result<Self, WebhookSecretError> {
        if secrets.is_empty() {
            return Err(WebhookSecretError::None);
        }
        let keys = (1..).zip(secrets);
        let keys = keys.map(|(number, secret)| key(secret).ok_or(number));
        let keys: Result<_, usize> = keys.collect();
        keys.map(Self).map_err(WebhookSecretError::Malformed)
    }
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} webhook secrets", self.0.len())
    }
}

fn key(secret: &Secret) -> Option<hmac::Key> {
    let text = secret.expose().trim().strip_prefix("whsec_")?;
    let bytes = STANDARD.decode(text).ok()?;
    let long_enough = bytes.len() >= FEWEST_BYTES;
    long_enough.then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_enough_and_never_shown() {
        let good = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let secrets = WebhookSecrets::new(&[good.clone(), good.clone()]).unwrap();
        assert_eq!(format!("{secrets:?}"), "2 webhook secrets");
        let none = WebhookSecrets::new(&[]).unwrap_err();
        assert_eq!(none, WebhookSecretError::None);
        for bad in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "whsec_?",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            let refused = WebhookSecrets::new(&[good.clone(), Secret::new(bad)]).unwrap_err();
            assert_eq!(refused, WebhookSecretError::Malformed(2), "{bad}");
        }
    }
}
