//! What a store has, and what of it is promised to which order.
//!
//! Two aggregates. [`Stock`] is one item in one store, as three numbers. [`Reservation`] is what
//! one order has of all its items, and the outcome the other participants react to. They are
//! decided together by [`decide`] and appended in one statement, each at the version it was read
//! at: an order gets all its lines or none, and two orders for the last piece meet at that item's
//! version, where the second one decides again and finds nothing left.
//!
//! That is why a stock keeps no list of orders: whether an order has been here is its
//! reservation's to know, and that stands in the same statement. A stock of ten thousand open
//! orders is still three numbers.

mod decide;
mod level;
mod reservation;
mod reservation_event;
mod stock;
mod stock_event;
mod stock_id;
mod terms;

pub use decide::{Decision, ReservationCommand, ReservationError, UnknownItems, decide};
pub use level::{StockFault, StockLevel};
pub use reservation::{Reservation, ReservationState};
pub use reservation_event::{
    ReservationEvent, ReservedLine, ShortLine, StockReleased, StockReservationFailed,
    StockReserved, StockSold,
};
pub use stock::{Stock, StockCommand, StockError};
pub use stock_event::{ItemMoved, ItemStocked, StockEvent};
pub use stock_id::stock_id;
pub use terms::{Pieces, PiecesError, StockLine, StockTerms};

#[cfg(test)]
mod given_when_then;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod stock_given_when_then;
