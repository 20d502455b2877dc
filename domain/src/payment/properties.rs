//! What holds for every sequence of commands.

use proptest::prelude::*;

use super::given_when_then::{captured, close, declined, hears, refunded, request};
use super::{Payment, PaymentCommand, PaymentEvent, ProviderSays, Wish};

proptest! {
    #[test]
    fn money_is_taken_once_and_given_back_at_most_once(
        choices in prop::collection::vec(0..8_u8, 0..24)
    ) {
        let mut payment = Payment::default();
        let (mut taken, mut back) = (0, 0);
        for choice in choices {
            let command = command(choice);
            let Ok(decided) = payment.decide(command.clone()) else { continue };
            if let Some(event) = decided {
                prop_assert!(payment.fold(&event).is_ok(), "{:?}", event);
                taken += u8::from(matches!(event, PaymentEvent::PaymentCompleted(_)));
                back += u8::from(matches!(event, PaymentEvent::PaymentRefunded(_)));
            }
            // The same again changes nothing.
            prop_assert!(!matches!(payment.decide(command), Ok(Some(_))));
            prop_assert!(taken <= 1 && back <= taken);
            let state = payment.state().unwrap();
            let unwanted = state.failed.is_some() || state.closed.is_some();
            let owed = taken > back && unwanted;
            let refund = matches!(payment.wish(), Some(Wish::Refund { .. }));
            prop_assert_eq!(refund, owed);
        }
    }

    /// What a provider says that changes nothing changes nothing later either: it need not be asked
    /// whether the payment has moved on meanwhile.
    #[test]
    fn what_is_known_stays_known(choices in prop::collection::vec(0..8_u8, 0..24)) {
        let said = [
            ProviderSays::Pending, ProviderSays::Authorized, captured(), declined(),
            ProviderSays::Cancelled, refunded(),
        ];
        let mut payment = Payment::default();
        let mut known = vec![false; said.len()];
        for choice in choices {
            let command = command(choice);
            if let Ok(Some(event)) = payment.decide(command) {
                prop_assert!(payment.fold(&event).is_ok(), "{:?}", event);
            }
            for (says, known) in said.iter().zip(&mut known) {
                let nothing = payment.decide(hears(says.clone())) == Ok(None);
                prop_assert!(nothing || !*known, "{:?}", says);
                *known = nothing;
            }
        }
    }
}

fn command(choice: u8) -> PaymentCommand {
    match choice {
        0 => request(),
        1 => close(),
        2 => hears(ProviderSays::Pending),
        3 => hears(ProviderSays::Authorized),
        4 => hears(captured()),
        5 => hears(declined()),
        6 => hears(ProviderSays::Cancelled),
        _ => hears(refunded()),
    }
}
