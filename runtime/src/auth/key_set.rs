use std::collections::HashMap;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// The issuer's public keys (a JWKS, RFC 7517) that tokens can be signed with here.
#[derive(Default)]
pub(super) struct KeySet {
    named: HashMap<String, SigningKey>,
    /// Of keys without an id there can be no choice: one, or none counts.
    unnamed: Option<SigningKey>,
}

/// A key, and the one algorithm it is good for: a token cannot choose another.
#[derive(Clone)]
pub(super) struct SigningKey {
    pub algorithm: Algorithm,
    pub key: DecodingKey,
}

#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    #[error("is no JWKS: {0}")]
    Json(#[from] serde_json::Error),
    #[error("has no RS256, ES256 or EdDSA signing key")]
    NoKeys,
    #[error("has two keys with the id {0:?}, or two without one")]
    Twice(String),
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Keys of other kinds and for other purposes are left out: an issuer may have them as well.
    pub fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        let document: Document = serde_json::from_slice(json)?;
        let mut set = Self::default();
        for value in document.keys {
            let Ok(jwk) = serde_json::from_value::<Jwk>(value) else {
                continue;
            };
            let Some(key) = signing_key(&jwk) else {
                continue;
            };
            let before = match &jwk.common.key_id {
                Some(id) => set.named.insert(id.clone(), key),
                None => set.unnamed.replace(key),
            };
            if before.is_some() {
                return Err(KeySetError::Twice(jwk.common.key_id.unwrap_or_default()));
            }
        }
        match set.named.is_empty() && set.unnamed.is_none() {
            true => Err(KeySetError::NoKeys),
            false => Ok(set),
        }
    }

    /// A token without a key id means the only key there is.
    pub fn find(&self, id: Option<&str>) -> Option<&SigningKey> {
        match (id, &self.unnamed) {
            (Some(id), _) => self.named.get(id),
            (None, Some(key)) => self.named.is_empty().then_some(key),
            (None, None) if self.named.len() == 1 => self.named.values().next(),
            (None, None) => None,
        }
    }
}

fn signing_key(jwk: &Jwk) -> Option<SigningKey> {
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    let common = &jwk.common;
    let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    let agrees = common.key_algorithm.is_none_or(|says| says == name);
    if !signs || !agrees {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some(SigningKey { algorithm, key })
}
