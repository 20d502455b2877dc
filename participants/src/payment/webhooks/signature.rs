use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use subtle::{Choice, ConstantTimeEq};

use super::WebhookSecrets;

/// How far a webhook's time may be from this side's clock.
pub const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// More signatures than anybody has secrets are not looked at.
const MOST_SIGNATURES: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Forged,
    /// Signed by who has the secret, too long ago or in the future.
    Stale,
}

impl WebhookSecrets {
    /// The webhook's id, where one of the signatures is of this body with one of the secrets: see
    /// [Standard Webhooks](https://www.standardwebhooks.com).
    pub fn verify<'a>(
        &self,
        headers: &'a HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<&'a str, Fault> {
        let id = the_one(headers, "webhook-id")?;
        let timestamp = the_one(headers, "webhook-timestamp")?;
        let signatures = the_one(headers, "webhook-signature")?;
        let head = format!("{id}.{timestamp}.");
        let expected = self.0.iter().map(|key| {
            let mut context = hmac::Context::with_key(key);
            context.update(head.as_bytes());
            context.update(body);
            context.sign()
        });
        let expected: Vec<_> = expected.collect();
        let mut right = Choice::from(0);
        // Each is compared with each: how long it takes does not tell which was right.
        for signature in signatures.split(' ').take(MOST_SIGNATURES) {
            let signature = signature.strip_prefix("v1,");
            let Some(signature) = signature.and_then(|text| STANDARD.decode(text).ok()) else {
                continue;
            };
            for expected in &expected {
                right |= expected.as_ref().ct_eq(&signature);
            }
        }
        if !bool::from(right) {
            return Err(Fault::Forged);
        }
        // Only whoever can sign is told that it comes late.
        let sent = timestamp.parse().ok().map(Timestamp::from_second);
        let Some(Ok(sent)) = sent else {
            return Err(Fault::Forged);
        };
        if now.duration_since(sent).abs() > SKEW {
            return Err(Fault::Stale);
        }
        Ok(id)
    }
}

/// A header's value: it stands once, and is a short text.
fn the_one<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Fault> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none());
    let text = value.and_then(|value| value.to_str().ok());
    text.filter(|text| (1..=2048).contains(&text.len()))
        .ok_or(Fault::Forged)
}

#[cfg(test)]
mod tests {
    use runtime::config::Secret;

    use super::*;

    // The example of the specification's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const OTHER: &str = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";

    fn headers(id: &str, at: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", id.parse().unwrap());
        headers.insert("webhook-timestamp", at.parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    fn verified(secrets: &[&str], headers: &HeaderMap, body: &[u8], now: i64) -> Result<(), Fault> {
        let secrets: Vec<_> = secrets.iter().copied().map(Secret::new).collect();
        let secrets = WebhookSecrets::new(&secrets).unwrap();
        let now = Timestamp::from_second(now).unwrap();
        secrets
            .verify(headers, body, now)
            .map(|id| assert_eq!(id, ID))
    }

    #[test]
    fn takes_any_signature_with_any_secret() {
        let at = AT.to_string();
        for signatures in [
            SIGNATURE.to_owned(),
            format!("v1,AAAA {SIGNATURE}"),
            format!("v1a,x v2,x nonsense {SIGNATURE} v1,?"),
        ] {
            let headers = headers(ID, &at, &signatures);
            for secrets in [&[SECRET][..], &[OTHER, SECRET], &[SECRET, OTHER]] {
                assert_eq!(
                    verified(secrets, &headers, BODY, AT),
                    Ok(()),
                    "{signatures}"
                );
            }
            let gone = verified(&[OTHER], &headers, BODY, AT);
            assert_eq!(gone, Err(Fault::Forged));
        }
    }

    #[test]
    fn whatever_is_changed_is_forged() {
        let at = AT.to_string();
        let later = (AT + 1).to_string();
        for (id, at, signature, body) in [
            ("msg_other", &*at, SIGNATURE, BODY),
            (ID, &later, SIGNATURE, BODY),
            (ID, &at, SIGNATURE, b"{}"),
            (ID, &at, "v1,", BODY),
            (ID, &at, "v1", BODY),
            (
                ID,
                &at,
                "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                BODY,
            ),
            (
                ID,
                &at,
                "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                BODY,
            ),
            (
                ID,
                &at,
                "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                BODY,
            ),
        ] {
            let changed = verified(&[SECRET], &headers(id, at, signature), body, AT);
            assert_eq!(changed, Err(Fault::Forged), "{id} {at} {signature}");
        }
        let whole = headers(ID, &at, SIGNATURE);
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let mut without = whole.clone();
            without.remove(name);
            assert_eq!(verified(&[SECRET], &without, BODY, AT), Err(Fault::Forged));
            let mut twice = whole.clone();
            twice.append(name, whole[name].clone());
            assert_eq!(verified(&[SECRET], &twice, BODY, AT), Err(Fault::Forged));
        }
    }

    #[test]
    fn five_minutes_either_way_are_not_too_far() {
        let headers = headers(ID, &AT.to_string(), SIGNATURE);
        for (now, expected) in [
            (AT - 301, Err(Fault::Stale)),
            (AT - 300, Ok(())),
            (AT + 300, Ok(())),
            (AT + 301, Err(Fault::Stale)),
        ] {
            assert_eq!(verified(&[SECRET], &headers, BODY, now), expected, "{now}");
        }
    }

    /// What cannot be verified is not told that it is late.
    #[test]
    fn late_and_forged_is_forged() {
        let headers = headers(ID, &AT.to_string(), SIGNATURE);
        let late = verified(&[OTHER], &headers, BODY, AT + 9999);
        assert_eq!(late, Err(Fault::Forged));
    }
}
