use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use runtime::config::Secret;

/// Signs as [Standard Webhooks](https://www.standardwebhooks.com) says.
pub struct Signer(Vec<hmac::Key>);

#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    #[error("webhooks need a secret to be signed with")]
    NoSecret,
    #[error("a webhook secret is whsec_ and at least 24 bytes in base64")]
    Secret,
}

const FEWEST_BYTES: usize = 24;

impl Signer {
    pub fn new(secrets: &[Secret]) -> Result<Self, SigningError> {
        if secrets.is_empty() {
            return Err(SigningError::NoSecret);
        }
        secrets.iter().map(key).collect::<Result<_, _>>().map(Self)
    }

    /// A signature with each secret, separated by spaces.
    pub fn sign(&self, webhook_id: &str, timestamp: i64, body: &[u8]) -> String {
        let head = format!("{webhook_id}.{timestamp}.");
        let sign = |key| {
            let mut context = hmac::Context::with_key(key);
            context.update(head.as_bytes());
            context.update(body);
            format!("v1,{}", STANDARD.encode(context.sign()))
        };
        let signatures: Vec<_> = self.0.iter().map(sign).collect();
        signatures.join(" ")
    }
}

fn key(secret: &Secret) -> Result<hmac::Key, SigningError> {
    let text = secret.expose().strip_prefix("whsec_");
    let bytes = text.and_then(|text| STANDARD.decode(text).ok());
    bytes
        .filter(|bytes| bytes.len() >= FEWEST_BYTES)
        .map(|bytes| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        .ok_or(SigningError::Secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn signs_as_the_specification_does() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signer = Signer::new(&[secret.clone(), secret]).unwrap();
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let signed = signer.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, format!("{signature} {signature}"));
    }

    #[test]
    fn refuses_what_is_no_secret() {
        assert!(matches!(Signer::new(&[]), Err(SigningError::NoSecret)));
        for wrong in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            let refused = Signer::new(&[Secret::new(wrong)]);
            assert!(matches!(refused, Err(SigningError::Secret)), "{wrong}");
        }
    }
}
