/// What is particular to the events of one topic. In JSON its fields stand beside the envelope's.
pub trait Content: Sized {
    /// A type of event, as this code knows it, with the schema version it is published in. All
    /// from 1 up to that are on the topic.
    fn known(event_type: &str) -> Option<(&'static str, u32)>;

    /// Reads the content of an event of a known type and version.
    fn read(event_type: &str, schema_version: u32, json: &[u8]) -> serde_json::Result<Self>;

    /// One object with at least one field.
    fn write(&self) -> serde_json::Result<String>;
}

/// Declares the content of a topic all of whose types of event are of schema version 1.
macro_rules! content {
    ($(#[$doc:meta])* $name:ident { $($kind:ident($of:ty)),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($kind($of)),+
        }

        impl $name {
            pub const TYPES: &[&str] = &[$(stringify!($kind)),+];

            pub fn event_type(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($kind)),+
                }
            }
        }

        impl $crate::contract::Content for $name {
            fn known(event_type: &str) -> Option<(&'static str, u32)> {
                let known = Self::TYPES.iter().find(|known| **known == event_type);
                known.map(|known| (*known, 1))
            }

            fn read(event_type: &str, _: u32, json: &[u8]) -> serde_json::Result<Self> {
                match event_type {
                    $(stringify!($kind) => serde_json::from_slice(json).map(Self::$kind),)+
                    other => Err(serde::de::Error::custom(format!("unknown type {other:?}"))),
                }
            }

            fn write(&self) -> serde_json::Result<String> {
                match self {
                    $(Self::$kind(content) => serde_json::to_string(content)),+
                }
            }
        }

        #[cfg(test)]
        impl $crate::contract::schema::Documented for $name {
            fn contents() -> Vec<(&'static str, serde_json::Value)> {
                vec![$((stringify!($kind), $crate::contract::schema::of::<$of>())),+]
            }
        }
    };
}

pub(crate) use content;
