use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use jiff::Timestamp;

use super::{Problem, ProblemType, Violation};

/// Query parameters being read one by one. Reading goes on after a fault, so that the answer can
/// name every one.
pub struct Parameters {
    values: BTreeMap<String, Vec<String>>,
    violations: Vec<Violation>,
}

/// What is wrong with one parameter.
pub struct ParameterFault {
    pub kind: ProblemType,
    pub detail: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(pairs) = pairs.map_err(|rejection| {
            Problem::new(ProblemType::MalformedQuery, rejection.body_text())
        })?;
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in pairs {
            values.entry(name).or_default().push(value);
        }
        Ok(Self {
            values,
            violations: Vec::new(),
        })
    }
}

impl Parameters {
    /// A parameter that may stand once.
    pub fn one<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, ParameterFault>,
    ) -> Option<T> {
        let values = self.values.remove(name)?;
        let outcome = match values.as_slice() {
            [value] => read(value),
            _ => Err(ParameterFault {
                kind: ProblemType::DuplicateParameter,
                detail: "may stand only once".to_owned(),
            }),
        };
        outcome.map_err(|fault| self.violate(name, fault)).ok()
    }

    /// Whether a parameter that has not been read yet stands at all.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A parameter that must stand once.
    pub fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, ParameterFault>,
    ) -> Option<T> {
        if !self.has(name) {
            self.missing(name, "is required");
        }
        self.one(name, read)
    }

    /// Faults a parameter for not being there.
    pub fn missing(&mut self, name: &str, detail: &str) {
        let fault = ParameterFault {
            kind: ProblemType::MissingParameter,
            detail: detail.to_owned(),
        };
        self.violate(name, fault);
    }

    /// A parameter that may stand several times.
    pub fn each<T>(
        &mut self,
        name: &str,
        read: impl Fn(&str) -> Result<T, ParameterFault>,
    ) -> Vec<T> {
        let values = self.values.remove(name).unwrap_or_default();
        let mut taken = Vec::with_capacity(values.len());
        for value in values {
            match read(&value) {
                Ok(value) => taken.push(value),
                Err(fault) => self.violate(name, fault),
            }
        }
        taken
    }

    /// `limit`: how many a page has at most.
    pub fn limit(&mut self, default: u32, max: u32) -> u32 {
        let limit = self.one("limit", |text| {
            let limit = text.parse().ok().filter(|limit| (1..=max).contains(limit));
            limit.ok_or_else(|| ParameterFault {
                kind: ProblemType::LimitOutOfRange,
                detail: format!("is not from 1 to {max}"),
            })
        });
        limit.unwrap_or(default)
    }

    /// Ends the reading: parameters that nobody took are unknown.
    pub fn finish(mut self) -> Result<(), Problem> {
        for name in std::mem::take(&mut self.values).into_keys() {
            let fault = ParameterFault {
                kind: ProblemType::UnknownParameter,
                detail: "is not a parameter of this query".to_owned(),
            };
            self.violate(&name, fault);
        }
        if self.violations.is_empty() {
            Ok(())
        } else {
            Err(Problem::validation(self.violations))
        }
    }

    fn violate(&mut self, name: &str, fault: ParameterFault) {
        self.violations.push(Violation {
            kind: fault.kind,
            pointer: None,
            parameter: Some(name.to_owned()),
            detail: format!("{name} {}.", fault.detail),
        });
    }
}

pub fn instant(text: &str) -> Result<Timestamp, ParameterFault> {
    text.parse().map_err(|_| ParameterFault {
        kind: ProblemType::InvalidTime,
        detail: "is no RFC 3339 time this API can read, such as 2026-11-21T10:00:00Z".to_owned(),
    })
}

pub fn invalid_cursor() -> ParameterFault {
    ParameterFault {
        kind: ProblemType::InvalidCursor,
        detail: "is not a nextCursor of this API".to_owned(),
    }
}
