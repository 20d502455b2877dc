/// Declares an aggregate's events as they are stored: each type of event under its own name, all
/// of schema version 1.
macro_rules! stored_events {
    ($(#[$doc:meta])* $name:ident { $($kind:ident($of:ty)),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($kind($of)),+
        }

        impl $name {
            pub const TYPES: &[&str] = &[$(stringify!($kind)),+];

            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($kind)),+
                }
            }
        }

        impl cqrs_es::DomainEvent for $name {
            fn event_type(&self) -> String {
                self.name().to_owned()
            }

            fn event_version(&self) -> String {
                "1".to_owned()
            }
        }
    };
}

pub(crate) use stored_events;
