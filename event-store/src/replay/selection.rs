use std::fmt;

use domain::OccurredOn;

/// Which events are meant: all that every field given agrees with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    pub aggregate_id: Option<String>,
    pub event_type: Option<String>,
    pub since: Option<OccurredOn>,
    /// The first instant that is not meant.
    pub until: Option<OccurredOn>,
}

/// The same text for the same selection: a replay is known by it.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("all events")?;
        if let Some(id) = &self.aggregate_id {
            write!(f, " of {id}")?;
        }
        if let Some(event_type) = &self.event_type {
            write!(f, " of type {event_type}")?;
        }
        if let Some(since) = &self.since {
            write!(f, " since {since}")?;
        }
        if let Some(until) = &self.until {
            write!(f, " until {until}")?;
        }
        Ok(())
    }
}
