use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Tally;
use super::dirty::Change;

/// How many are remembered: some ten megabytes.
const MOST: usize = 50_000;
/// Longer than this no total goes by what is remembered: what somebody did to documents by hand, and
/// nobody told, is out of it with the next change.
const LONGEST: Duration = Duration::from_secs(60);

/// Totals as this worker wrote them last, so that the next change needs no reading of all orders
/// that count.
///
/// A total that still has the revision that this worker gave it has been written by nobody else; so
/// every order of it that anybody else has written since is still to be told, by that one or by who
/// reads its records again, as a [`Change::Unknown`]. What this worker itself has written since is
/// known. (What it wrote while the orders were read may be among them or not: they are read again.)
/// Where several workers write the same totals in turn, nothing is remembered of them.
#[derive(Debug, Default)]
pub(crate) struct LastWritten {
    /// By the place of their total in the projection's list, and id.
    totals: HashMap<(usize, String), Last>,
}

#[derive(Debug)]
struct Last {
    revision: i64,
    counted: Option<Counted>,
}

#[derive(Clone, Debug)]
struct Counted {
    tally: Tally,
    /// After all orders were read.
    read: Instant,
}

/// A total that is known without a question.
pub(super) struct Next {
    /// What it has, unless somebody else has written it.
    pub over: i64,
    pub tally: Tally,
    read: Instant,
}

impl LastWritten {
    pub(super) fn after(&self, place: usize, key: &str, change: &Change) -> Option<Next> {
        let Change::Written { since, left, came } = change else {
            return None;
        };
        let last = self.totals.get(&(place, key.to_owned()))?;
        let counted = last.counted.as_ref()?;
        if *since <= counted.read || counted.read.elapsed() > LONGEST {
            return None;
        }
        // What left may have come only now.
        let mut tally = counted.tally.clone();
        tally.add(came.clone());
        Some(Next {
            over: last.revision,
            tally: tally.without(left)?,
            read: counted.read,
        })
    }

    /// Nobody has written it in between.
    pub(super) fn follow(&mut self, place: usize, key: String, next: Next) {
        let last = Last {
            revision: next.over + 1,
            counted: Some(Counted {
                tally: next.tally,
                read: next.read,
            }),
        };
        self.keep(place, key, last);
    }

    /// It was counted anew and written over that revision: `None` where there was no total.
    pub(super) fn counted(
        &mut self,
        place: usize,
        key: String,
        over: Option<i64>,
        tally: Tally,
        read: Instant,
    ) {
        let last = self.totals.get(&(place, key.clone()));
        // Else somebody else writes it, too, and may do so again.
        let alone = over.is_none() || last.map(|last| last.revision) == over;
        let last = Last {
            revision: over.unwrap_or(0) + 1,
            counted: alone.then_some(Counted { tally, read }),
        };
        self.keep(place, key, last);
    }

    fn keep(&mut self, place: usize, key: String, last: Last) {
        if self.totals.len() >= MOST {
            self.totals.clear();
        }
        self.totals.insert((place, key), last);
    }
}

#[cfg(test)]
mod tests {
    use domain::order::OrderStatus::{self, Confirmed, Pending};
    use domain::{Currency, Money};

    use super::*;
    use crate::totals::Part;

    fn tally(parts: &[(OrderStatus, i64)]) -> Tally {
        let part = |&(status, orders)| Part {
            status,
            currency: Currency::default(),
            orders,
            amount: Money::ZERO,
        };
        Tally {
            parts: parts.iter().map(part).collect(),
            ..Tally::default()
        }
    }

    fn confirmed_since(since: Instant) -> Change {
        Change::Written {
            since,
            left: tally(&[(Pending, 1)]),
            came: tally(&[(Confirmed, 1)]),
        }
    }

    fn counted(over: Option<i64>, read: Instant) -> LastWritten {
        let mut last = LastWritten::default();
        last.counted(0, "k".to_owned(), over, tally(&[(Pending, 2)]), read);
        last
    }

    #[test]
    fn what_was_written_since_is_enough() {
        let read = Instant::now();
        let mut last = counted(None, read);
        let change = confirmed_since(read + Duration::from_micros(1));
        for (over, expected) in [
            (1, tally(&[(Pending, 1), (Confirmed, 1)])),
            (2, tally(&[(Confirmed, 2)])),
        ] {
            let next = last.after(0, "k", &change).unwrap();
            assert_eq!((next.over, &next.tally), (over, &expected));
            last.follow(0, "k".to_owned(), next);
        }
        assert!(last.after(0, "k", &change).is_none(), "no order is pending");
    }

    #[test]
    fn what_may_have_been_read_or_written_by_others_is_read_again() {
        let read = Instant::now();
        let later = read + Duration::from_micros(1);
        let last = counted(None, read);
        assert!(last.after(0, "k", &Change::Unknown).is_none());
        let meanwhile = confirmed_since(read);
        assert!(last.after(0, "k", &meanwhile).is_none());
        let later = confirmed_since(later);
        assert!(last.after(1, "k", &later).is_none(), "of another kind");
        assert!(last.after(0, "k", &later).is_some());
    }

    #[test]
    fn only_who_writes_a_total_alone_remembers_it() {
        let read = Instant::now();
        let change = confirmed_since(read + Duration::from_micros(1));
        let mut last = counted(Some(7), read);
        assert!(last.after(0, "k", &change).is_none(), "it was there");
        let again = |last: &mut LastWritten, over| {
            last.counted(0, "k".to_owned(), Some(over), tally(&[(Pending, 2)]), read);
        };
        again(&mut last, 8);
        assert_eq!(last.after(0, "k", &change).unwrap().over, 9);
        again(&mut last, 10);
        assert!(last.after(0, "k", &change).is_none(), "somebody else wrote");
    }

    #[test]
    fn what_was_read_long_ago_is_read_again() {
        let Some(read) = Instant::now().checked_sub(LONGEST + Duration::from_secs(1)) else {
            return;
        };
        let last = counted(None, read);
        let change = confirmed_since(Instant::now());
        assert!(last.after(0, "k", &change).is_none());
    }
}
