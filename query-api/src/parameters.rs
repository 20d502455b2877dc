use std::collections::BTreeMap;

use runtime::http::{Problem, Violation};

/// Query parameters being read one by one. Reading goes on after a fault, so that the answer can
/// name every one.
pub struct Parameters {
    values: BTreeMap<String, Vec<String>>,
    violations: Vec<Violation>,
}

/// What is wrong with one parameter.
pub struct ParameterFault {
    pub kind: &'static str,
    pub detail: String,
}

impl Parameters {
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in pairs {
            values.entry(name).or_default().push(value);
        }
        Self {
            values,
            violations: Vec::new(),
        }
    }

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
                kind: "duplicate-parameter",
                detail: "may stand only once".to_owned(),
            }),
        };
        outcome.map_err(|fault| self.violate(name, fault)).ok()
    }

    /// Ends the reading: parameters that nobody took are unknown.
    pub fn finish(mut self) -> Result<(), Problem> {
        for name in std::mem::take(&mut self.values).into_keys() {
            let fault = ParameterFault {
                kind: "unknown-parameter",
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
