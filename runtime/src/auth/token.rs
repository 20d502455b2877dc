use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;

use super::Refusal;
use super::key_source::{KeySource, NoKey};
use crate::Clock;
use crate::http::{Caller, Scope};

/// What a token must say to be taken.
#[derive(Clone, Debug)]
pub struct TokenRules {
    pub issuer: String,
    pub audience: String,
    /// How far the issuer's clock may be from this one.
    pub leeway: Duration,
}

/// Bearer tokens of one issuer (JWT, RFC 7519).
pub struct Tokens {
    pub keys: KeySource,
    rules: TokenRules,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    scope: Option<String>,
    scp: Option<OneOrMore>,
    #[serde(rename = "customerId", default, deserialize_with = "a_name")]
    customer_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// A claim that is there and names nobody must not make its caller free of it.
fn a_name<'de, D: serde::Deserializer<'de>>(claim: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(claim)?;
    match name.is_empty() {
        true => Err(serde::de::Error::custom("customerId is empty")),
        false => Ok(Some(name)),
    }
}

impl Tokens {
    pub fn new(keys: KeySource, rules: TokenRules, clock: Arc<dyn Clock>) -> Self {
        Self { keys, rules, clock }
    }

    pub(super) async fn caller(&self, token: &str) -> Result<Caller, Refusal> {
        let header = decode_header(token).map_err(|_| Refusal::Malformed)?;
        // Extensions that a verifier must understand, and this one knows none.
        if header.crit.is_some() {
            return Err(Refusal::Malformed);
        }
        let key = self.keys.find(header.kid.as_deref()).await;
        let key = key.map_err(|no_key| match no_key {
            NoKey::Unknown => Refusal::Unknown,
            NoKey::Away => Refusal::NoKeysYet,
        })?;
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.rules.issuer]);
        validation.set_audience(&[&self.rules.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // By this process's clock, below.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &key.key, &validation);
        let claims = claims.map_err(|error| Refusal::of(&error))?.claims;
        self.check_times(&claims)?;
        Ok(Caller {
            name: format!("jwt:{}", claims.sub).into(),
            scopes: scopes(&claims),
            customer_id: claims.customer_id.map(Into::into),
        })
    }

    fn check_times(&self, claims: &Claims) -> Result<(), Refusal> {
        let now = self.clock.now().as_duration().as_secs_f64();
        let leeway = self.rules.leeway.as_secs_f64();
        if now >= claims.exp + leeway {
            return Err(Refusal::Expired);
        }
        match claims.nbf {
            Some(from) if now < from - leeway => Err(Refusal::TooEarly),
            _ => Ok(()),
        }
    }
}

/// Scopes of other APIs are not ours to judge.
fn scopes(claims: &Claims) -> Arc<[Scope]> {
    let listed = match &claims.scp {
        Some(OneOrMore::One(scopes)) => std::slice::from_ref(scopes),
        Some(OneOrMore::More(scopes)) => scopes,
        None => &[],
    };
    let all = claims.scope.iter().chain(listed);
    all.flat_map(|scopes| scopes.split(' '))
        .filter_map(Scope::named)
        .collect()
}
