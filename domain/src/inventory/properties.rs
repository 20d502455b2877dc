//! What holds for every sequence of commands of several orders.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::given_when_then::{carry_out, release, reserve, sell, stocks};
use super::{Reservation, ReservationState, UnknownItems};

proptest! {
    #[test]
    fn no_piece_is_lost_or_promised_twice(
        counted in (0..6_u64, 0..6_u64),
        commands in prop::collection::vec((0..3_usize, 0..3_u8, 1..4_u32, 0..4_u32), 0..40),
    ) {
        let mut of = stocks(&[("a", Some(counted.0)), ("b", Some(counted.1))]);
        let mut reservations: [Reservation; 3] = Default::default();
        for (order, what, a, b) in commands {
            let lines = if b == 0 { vec![("a", a)] } else { vec![("a", a), ("b", b)] };
            let command = match what {
                0 => reserve(&lines),
                1 => release(),
                _ => sell(),
            };
            let reservation = &mut reservations[order];
            let before = (reservation.clone(), of.clone());
            let decided = carry_out("o", reservation, &mut of, command.clone(), UnknownItems::Reject);
            if !matches!(decided, Ok(Some(_))) {
                prop_assert_eq!(&before, &(reservation.clone(), of.clone()));
            } else {
                let again = carry_out("o", reservation, &mut of, command, UnknownItems::Reject);
                prop_assert_eq!(again, Ok(None));
            }
            // Each stock's numbers are the sums over the orders.
            let (mut reserved, mut sold) = (BTreeMap::new(), BTreeMap::new());
            for reservation in &reservations {
                let (sums, lines) = match reservation.state() {
                    Some(ReservationState::Reserved { lines, .. }) => (&mut reserved, lines),
                    Some(ReservationState::Sold { lines, .. }) => (&mut sold, lines),
                    _ => continue,
                };
                for line in lines {
                    *sums.entry(line.item_id.clone()).or_insert(0) += u64::from(line.quantity);
                }
            }
            for ((item, stock), counted) in of.iter().zip([counted.0, counted.1]) {
                let level = stock.level().unwrap();
                prop_assert_eq!(level.reserved, reserved.get(item).copied().unwrap_or(0));
                prop_assert_eq!(level.sold, sold.get(item).copied().unwrap_or(0));
                prop_assert_eq!(level.available + level.reserved + level.sold, counted);
            }
        }
    }
}
