use std::str::FromStr;

use domain::OccurredOn;
use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use super::record::text;
use super::{Reason, Source, State};

/// Which items are meant. A field that is not set does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub source: Option<Source>,
    pub reason: Option<Reason>,
    pub event_type: Option<String>,
    pub aggregate_id: Option<String>,
    pub states: States,
    /// The first instant that is not meant any more.
    pub failed_before: Option<OccurredOn>,
    /// The first instant that is meant.
    pub failed_after: Option<OccurredOn>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum States {
    /// Open and requeued.
    #[default]
    Unresolved,
    Only(State),
    All,
}

impl Filter {
    /// The same with only those that still wait for somebody.
    pub(super) fn open(&self) -> Self {
        Self {
            states: States::Only(State::Open),
            ..self.clone()
        }
    }

    /// Of a WHERE clause, over [`Self::parameters`] as `$1` to `$6`. The states stand in it as
    /// they are: only so does Postgres see that the index of the unresolved serves.
    pub(super) fn condition(&self) -> String {
        let states = match self.states {
            States::Unresolved => "state IN ('open', 'requeued')".to_owned(),
            States::Only(state) => format!("state = '{state}'"),
            States::All => "true".to_owned(),
        };
        format!(
            "{states} AND ($1::text IS NULL OR source = $1)
             AND ($2::text IS NULL OR reason = $2)
             AND ($3::text IS NULL OR event_type = $3)
             AND ($4::text IS NULL OR aggregate_id = $4)
             AND ($5::timestamptz IS NULL OR failed_at < $5)
             AND ($6::timestamptz IS NULL OR failed_at >= $6)"
        )
    }

    pub(super) fn parameters(&self) -> [Box<dyn ToSql + Sync + Send>; 6] {
        // Nothing failed before 1970, and Postgres knows no time before 4714 BC.
        let instant =
            |at: Option<OccurredOn>| at.map(|at| at.timestamp().max(Timestamp::UNIX_EPOCH));
        [
            Box::new(self.source.map(Source::as_str)),
            Box::new(self.reason.map(Reason::as_str)),
            // As they were stored.
            Box::new(self.event_type.as_deref().map(text)),
            Box::new(self.aggregate_id.as_deref().map(text)),
            Box::new(instant(self.failed_before)),
            Box::new(instant(self.failed_after)),
        ]
    }
}

/// The parameters of a filter, and what a statement has besides.
pub(super) fn with<'a>(
    filter: &'a [Box<dyn ToSql + Sync + Send>],
    more: &[&'a (dyn ToSql + Sync)],
) -> Vec<&'a (dyn ToSql + Sync)> {
    let filter = filter.iter().map(|p| p.as_ref() as &(dyn ToSql + Sync));
    filter.chain(more.iter().copied()).collect()
}

impl FromStr for States {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "all" => Ok(Self::All),
            name => match name.parse() {
                Ok(state) => Ok(Self::Only(state)),
                Err(fault) => Err(format!("{fault}, all")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_names() {
        assert_eq!("all".parse(), Ok(States::All));
        assert_eq!("resolved".parse(), Ok(States::Only(State::Resolved)));
        assert_eq!(
            "gone".parse::<States>().unwrap_err(),
            "is none of open, requeued, discarded, resolved, all"
        );
    }
}
