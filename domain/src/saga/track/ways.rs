use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::notification::NotificationKind;
use crate::saga::{Does, Participant, REACTIONS, SagaFlow, Signal};

use super::{SagaStatus, Sighting};

/// What was seen of one order, each event once, and what follows from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    seen: BTreeMap<(Participant, u64), Sighting>,
}

impl FromIterator<Sighting> for Track {
    fn from_iter<I: IntoIterator<Item = Sighting>>(seen: I) -> Self {
        let mut track = Self::default();
        for sighting in seen {
            track.see(sighting);
        }
        track
    }
}

impl Track {
    /// Whether it says anything new. Of an event that was seen with and without its content, the
    /// content counts, whichever came first.
    pub fn see(&mut self, sighting: Sighting) -> bool {
        match self.seen.entry((sighting.participant, sighting.version)) {
            Entry::Vacant(place) => {
                place.insert(sighting);
                true
            }
            Entry::Occupied(mut known) if *known.get() < sighting => {
                known.insert(sighting);
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    pub fn sightings(&self) -> impl Iterator<Item = &Sighting> {
        self.seen.values()
    }

    /// `None` as long as nothing shows that this is a saga.
    pub fn flow(&self) -> Option<SagaFlow> {
        self.sightings().find_map(|sighting| sighting.flow)
    }

    /// The order's first event.
    pub(super) fn beginning(&self) -> Option<&Sighting> {
        self.seen.get(&(Participant::Order, 1))
    }

    pub(super) fn first(&self, signal: Signal) -> Option<&Sighting> {
        let mut such = self
            .sightings()
            .filter(|sighting| sighting.signal() == Some(signal));
        such.next()
    }

    pub(super) fn has(&self, signal: Signal) -> bool {
        self.first(signal).is_some()
    }

    pub(super) fn sold(&self) -> Option<&Sighting> {
        self.sightings().find(|s| s.event_type == "StockSold")
    }

    /// The customer knows, or cannot be told.
    pub(super) fn told(&self, kind: NotificationKind) -> Option<&Sighting> {
        self.sightings().find(|sighting| {
            let done = ["NotificationSent", "NotificationSkipped"];
            sighting.told == Some(kind) && done.contains(&sighting.event_type.as_str())
        })
    }

    /// What somebody answers by doing one of these, the earliest first.
    pub(super) fn answered_by<'a>(
        &'a self,
        does: impl Fn(Does) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Sighting> {
        let flow = self.flow();
        let mut such: Vec<&Sighting> = self
            .sightings()
            .filter(|sighting| {
                let signal = sighting.signal();
                REACTIONS.iter().any(|row| {
                    Some(row.seen) == signal && row.flows.contain(flow) && does(row.does)
                })
            })
            .collect();
        such.sort_by_key(|sighting| moment(sighting));
        such.into_iter()
    }

    fn is_asked(&self, participant: Participant) -> bool {
        self.answered_by(move |does| does.by() == participant)
            .next()
            .is_some()
    }

    /// By what the saga has turned: it does not lead to a confirmed order any more, or to one that
    /// is taken back.
    pub(super) fn turned(&self) -> Option<&Sighting> {
        let turns = [
            Signal::StockReservationFailed,
            Signal::PaymentFailed,
            Signal::OrderCancelled,
            Signal::OrderFailed,
        ];
        self.sightings()
            .filter(|sighting| sighting.signal().is_some_and(|s| turns.contains(&s)))
            .min_by_key(|sighting| moment(sighting))
    }

    /// What undoing has begun with.
    pub(super) fn undoing(&self) -> Option<&Sighting> {
        let undoes = |does| matches!(does, Does::ReleaseStock | Does::ClosePayment);
        self.answered_by(undoes).next()
    }

    pub(super) fn latest(&self) -> Option<&Sighting> {
        self.sightings().max_by_key(|sighting| moment(sighting))
    }

    /// Of a confirmed order everything is done, whatever came after it.
    pub(super) fn completed(&self) -> Option<&Sighting> {
        let done = [
            self.first(Signal::OrderConfirmed),
            self.sold(),
            self.first(Signal::PaymentCompleted),
            self.told(NotificationKind::Confirmed),
        ];
        let all: Option<Vec<&Sighting>> = done.into_iter().collect();
        all?.into_iter().max_by_key(|sighting| moment(sighting))
    }

    /// How it has ended, if everybody is done. While an event is missing below one that was seen,
    /// nobody knows.
    pub(super) fn end(&self) -> Option<SagaStatus> {
        if self.has_gap() {
            return None;
        }
        let (cancelled, failed) = (
            self.has(Signal::OrderCancelled),
            self.has(Signal::OrderFailed),
        );
        if !cancelled && !failed {
            return self.completed().map(|_| SagaStatus::Completed);
        }
        let kind = match cancelled {
            true => NotificationKind::Cancelled,
            false => NotificationKind::Failed,
        };
        let confirmed = self.has(Signal::OrderConfirmed);
        let told = self.told(kind).is_some()
            && (!confirmed || self.told(NotificationKind::Confirmed).is_some());
        if !(told && self.stock_is_back() && self.money_is_back()) {
            return None;
        }
        Some(match self.undoing() {
            Some(_) => SagaStatus::Compensated,
            None => SagaStatus::Failed,
        })
    }

    pub(super) fn status(&self) -> SagaStatus {
        if let Some(end) = self.end() {
            return end;
        }
        let only_begun = self
            .sightings()
            .all(|s| s.event_type == "OrderCreated" || s.event_type == "RecipientNoted");
        match self.undoing() {
            Some(_) => SagaStatus::Compensating,
            None if only_begun => SagaStatus::Started,
            None => SagaStatus::InProgress,
        }
    }

    /// Nothing is reserved, and nothing is going to be.
    pub(super) fn stock_is_back(&self) -> bool {
        self.has(Signal::StockReleased)
            || self.has(Signal::StockReservationFailed)
            || !self.is_asked(Participant::Inventory)
    }

    /// As far as anybody can know: a provider may take money that it said it would not take.
    pub(super) fn money_is_back(&self) -> bool {
        if self.has(Signal::PaymentCompleted) {
            return self.has(Signal::PaymentRefunded);
        }
        self.has(Signal::PaymentFailed)
            || self.has(Signal::PaymentCancelled)
            || !self.is_asked(Participant::Payment)
    }

    fn has_gap(&self) -> bool {
        Participant::ALL.into_iter().any(|participant| {
            let of_one = self.seen.range((participant, 0)..=(participant, u64::MAX));
            let mut versions = of_one.map(|((_, version), _)| *version).zip(1..);
            versions.any(|(version, next)| version != next)
        })
    }
}

/// Sorts what was seen. Clocks of two machines may differ by a little, versions do not.
pub(super) fn moment(sighting: &Sighting) -> (crate::OccurredOn, Participant, u64) {
    (sighting.at, sighting.participant, sighting.version)
}
