use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::ConfigError;

/// A value that must not be seen: connection strings carry passwords. It shows as `[secret]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The value itself, or the content of the file that `{name}_FILE` names, without the line end.
    pub(super) fn resolve(
        name: &'static str,
        value: Option<&Self>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        match (value, file) {
            (Some(_), Some(_)) => Err(ConfigError::Twice { name }),
            (Some(value), None) => Ok(value.clone()),
            (None, Some(path)) => std::fs::read_to_string(path)
                .map(|text| Self(text.trim_end_matches(['\r', '\n']).to_owned()))
                .map_err(|source| ConfigError::File {
                    name,
                    path: path.display().to_string(),
                    source,
                }),
            (None, None) => Err(ConfigError::Missing { name }),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        Ok(Self(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_from_one_place_and_is_never_shown() {
        let file = std::env::temp_dir().join(format!("secret-{}", std::process::id()));
        std::fs::write(&file, "postgres://u:pw@h/db\n").unwrap();
        let read = Secret::resolve("X", None, Some(&file)).unwrap();
        assert_eq!(read.expose(), "postgres://u:pw@h/db");
        assert_eq!(format!("{read:?}"), "[secret]");
        let both = Secret::resolve("X", Some(&read), Some(&file)).unwrap_err();
        assert!(matches!(both, ConfigError::Twice { name: "X" }));
        std::fs::remove_file(&file).unwrap();
        let gone = Secret::resolve("X", None, Some(&file)).unwrap_err();
        assert!(matches!(gone, ConfigError::File { .. }));
        let none = Secret::resolve("X", None, None).unwrap_err();
        assert_eq!(
            none.to_string(),
            "set X, or X_FILE to the path of a file that holds it"
        );
    }
}
