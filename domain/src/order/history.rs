use std::str::FromStr;

use super::{Order, OrderEvent, PlacedOrder};
use crate::OccurredOn;

/// An order's states, one after each of its events, as far as they can be known.
#[derive(Clone, Debug)]
pub struct OrderHistory {
    steps: Vec<Step>,
}

/// An event as the store has it, if need be without what cannot be read.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub version: u64,
    pub occurred_on: Option<OccurredOn>,
    /// Or why it cannot be read.
    pub event: Result<OrderEvent, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub version: u64,
    /// By when it had happened: never earlier than the step before, whatever the clocks said.
    pub by: Option<OccurredOn>,
    /// After the event, or why that is not known.
    pub state: Result<PlacedOrder, String>,
}

/// A moment in an order's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Right after this version's event.
    Version(u64),
    /// After all that had happened by then.
    Time(OccurredOn),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    #[error("is neither a version nor a time such as 2026-11-21T10:00:00Z")]
    Unreadable,
    #[error("the order has no version {version}: its last one is {last}")]
    NoVersion { version: u64, last: u64 },
    #[error("the order did not exist yet at {0}")]
    TooEarly(OccurredOn),
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        let version = text.parse().map(Self::Version);
        version
            .or_else(|_| text.parse().map(Self::Time))
            .map_err(|_| MomentError::Unreadable)
    }
}

impl OrderHistory {
    /// From an order's events in order. After one that cannot be applied no state is known: those
    /// that follow were decided on something else.
    pub fn of(events: impl IntoIterator<Item = Recorded>) -> Self {
        let mut order = Order::default();
        let mut steps: Vec<Step> = Vec::new();
        let mut broken: Option<String> = None;
        for Recorded {
            version,
            occurred_on,
            event,
        } in events
        {
            let last = steps.last();
            let next = last.map_or(0, |step| step.version) + 1;
            let state = match (&broken, event) {
                (Some(why), _) => Err(why.clone()),
                _ if version != next => Err(format!("version {next} is not stored")),
                (None, Err(why)) => Err(why),
                (None, Ok(event)) => order.fold(event).map_err(|illegal| illegal.to_string()),
            };
            let state = state.and_then(|()| {
                let placed = order.placed().cloned();
                placed.ok_or_else(|| "there is no order".to_owned())
            });
            if state.is_err() && broken.is_none() {
                broken = Some(format!("version {next} could not be applied"));
            }
            let before = last.and_then(|step| step.by);
            steps.push(Step {
                version,
                by: occurred_on.max(before),
                state,
            });
        }
        Self { steps }
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub fn at(&self, moment: Moment) -> Result<&Step, MomentError> {
        match moment {
            Moment::Version(version) => {
                let found = self.steps.iter().find(|step| step.version == version);
                found.ok_or_else(|| MomentError::NoVersion {
                    version,
                    last: self.steps.last().map_or(0, |step| step.version),
                })
            }
            Moment::Time(time) => {
                let had_happened = |step: &&Step| step.by.is_some_and(|by| by <= time);
                let found = self.steps.iter().rfind(had_happened);
                found.ok_or(MomentError::TooEarly(time))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{OrderCreated, OrderStatus};
    use crate::{CancelReason, Currency, CustomerId, Money, PaymentId, RestaurantId};

    fn created() -> OrderEvent {
        OrderEvent::OrderCreated(OrderCreated {
            customer_id: CustomerId::new("c").unwrap(),
            restaurant_id: RestaurantId::new("r").unwrap(),
            total_amount: Money::ZERO,
            currency: Currency::default(),
            items: Vec::new(),
            saga: None,
        })
    }

    fn confirmed() -> OrderEvent {
        let payment_id = PaymentId::new("p-1").unwrap();
        OrderEvent::OrderConfirmed {
            payment_id,
            saga_flow: None,
        }
    }

    fn cancelled() -> OrderEvent {
        let reason = CancelReason::new("late").unwrap();
        OrderEvent::OrderCancelled {
            reason,
            saga_flow: None,
        }
    }

    fn recorded(version: u64, second: u8, event: Result<OrderEvent, String>) -> Recorded {
        Recorded {
            version,
            occurred_on: Some(time(second)),
            event,
        }
    }

    fn time(second: u8) -> OccurredOn {
        format!("2026-11-21T10:00:{second:02}Z").parse().unwrap()
    }

    fn states(history: &OrderHistory) -> Vec<Result<OrderStatus, &str>> {
        let states = history.steps().iter().map(|step| &step.state);
        states
            .map(|state| state.as_ref().map(|s| s.status).map_err(String::as_str))
            .collect()
    }

    #[test]
    fn has_the_state_after_each_event() {
        use OrderStatus::*;
        let history = OrderHistory::of([
            recorded(1, 1, Ok(created())),
            recorded(2, 2, Ok(confirmed())),
            recorded(3, 3, Ok(cancelled())),
        ]);
        assert_eq!(
            states(&history),
            [Ok(Pending), Ok(Confirmed), Ok(Cancelled)]
        );
        let at = |text: &str| {
            let step = history.at(text.parse().unwrap());
            step.map(|step| step.version).map_err(|e| e.to_string())
        };
        assert_eq!(at("2"), Ok(2));
        assert_eq!(at("2026-11-21T10:00:02Z"), Ok(2));
        assert_eq!(at("2026-11-21T11:00:02.9+01:00"), Ok(2));
        assert_eq!(at("2027-01-01T00:00:00Z"), Ok(3));
        for (moment, says) in [
            ("0", "has no version 0: its last one is 3"),
            ("4", "has no version 4: its last one is 3"),
            (
                "2026-11-21T10:00:00Z",
                "did not exist yet at 2026-11-21T10:00:00.000000Z",
            ),
        ] {
            assert!(at(moment).unwrap_err().contains(says), "{moment}");
        }
        for text in ["", "-1", "yesterday", "2026-11-21"] {
            assert_eq!(
                text.parse::<Moment>(),
                Err(MomentError::Unreadable),
                "{text}"
            );
        }
    }

    #[test]
    fn clocks_that_go_back_do_not_take_an_order_back() {
        let history = OrderHistory::of([
            recorded(1, 5, Ok(created())),
            recorded(2, 4, Ok(confirmed())),
            Recorded {
                version: 3,
                occurred_on: None,
                event: Ok(cancelled()),
            },
        ]);
        assert!(history.at(Moment::Time(time(4))).is_err());
        assert_eq!(history.at(Moment::Time(time(5))).unwrap().version, 3);
    }

    #[test]
    fn nothing_is_known_after_what_cannot_be_applied() {
        use OrderStatus::Pending;
        let after = Err("version 2 could not be applied");
        for (second, why) in [
            (recorded(2, 2, Err("too new".to_owned())), "too new"),
            (
                recorded(2, 2, Ok(created())),
                "OrderCreated cannot follow PENDING",
            ),
            (recorded(3, 2, Ok(confirmed())), "version 2 is not stored"),
        ] {
            let fourth = recorded(4, 3, Ok(cancelled()));
            let history = OrderHistory::of([recorded(1, 1, Ok(created())), second, fourth]);
            assert_eq!(states(&history), [Ok(Pending), Err(why), after]);
        }
        assert!(OrderHistory::of([]).at(Moment::Version(1)).is_err());
    }
}
