//! What the provider says of a payment, noted by processes that remember what they have seen.

use domain::OccurredOn;
use domain::payment::{PaymentCommand, ProviderSays, Wish};
use domain::saga::SagaFlow;
use event_store::{CommandContext, CommandExecutor, ExpectedVersion};
use participants::payment::provider::Said;
use participants::payment::{NotNoted, PaymentRules, Payments};
use participants::{OneStream, Source};
use runtime::{Clock, Ids, SystemClock, TimeOrderedIds};

use crate::fixture::{World, new_id};
use crate::home::{Home, counts};
use crate::told::{created, intent, reason, terms};

/// One payment that has been asked for.
struct Requested {
    world: World,
    home: Home<OneStream<PaymentRules>>,
    id: String,
}

impl Requested {
    async fn new() -> Self {
        let world = World::new().await;
        let home = world.payment().await;
        let id = new_id();
        let order = created(&id, SagaFlow::PaymentFirst, "product-1", 1);
        world.publish(Source::Orders, &[order]).await;
        assert_eq!(home.again(Source::Orders, 1).await, counts(1, 0, 0, 0));
        Self { world, home, id }
    }

    async fn note(&self, by: &Payments, says: ProviderSays) -> Result<Option<Wish>, NotNoted> {
        let intent_id = intent();
        by.note(&self.id, Said { intent_id, says }).await
    }

    /// By whoever takes in that the order is over.
    async fn close(&self) {
        let close = PaymentCommand::Close {
            saga_flow: SagaFlow::PaymentFirst,
            reason: reason(),
        };
        let context = CommandContext {
            command_id: TimeOrderedIds.next(),
            correlation_id: "c-1".to_owned(),
            traceparent: None,
            occurred_on: OccurredOn::new(SystemClock.now()),
        };
        let executor = CommandExecutor::new(self.home.store(), ());
        let closing = executor.execute(&self.id, ExpectedVersion::Any, close, &context);
        closing.await.unwrap();
    }

    async fn events(&self) -> Vec<String> {
        let sql = "SELECT event_type FROM events ORDER BY sequence";
        self.home.column(sql).await
    }
}

fn captured() -> ProviderSays {
    ProviderSays::Captured {
        amount: terms().amount,
        currency: terms().currency,
    }
}

fn refunded() -> ProviderSays {
    ProviderSays::Refunded {
        amount: terms().amount,
        currency: terms().currency,
    }
}

const PAID: [&str; 4] = [
    "PaymentRequested",
    "PaymentPending",
    "PaymentAuthorized",
    "PaymentCompleted",
];

#[tokio::test]
async fn what_one_process_remembers_may_be_old() {
    let payment = Requested::new().await;
    let [one, other, late] = std::array::from_fn(|_| payment.home.payments());
    for process in [&one, &late] {
        payment.note(process, ProviderSays::Pending).await.unwrap();
    }
    payment
        .note(&other, ProviderSays::Authorized)
        .await
        .unwrap();
    payment.note(&other, captured()).await.unwrap();
    // What it does not know of is neither noted again nor lost.
    payment.note(&one, ProviderSays::Authorized).await.unwrap();
    payment.note(&late, captured()).await.unwrap();
    assert_eq!(payment.events().await, PAID);

    payment.close().await;
    // Whoever has written that in the same process makes it forget.
    late.forget(&payment.id);
    let wish = payment.note(&late, captured()).await.unwrap();
    assert!(matches!(wish, Some(Wish::Refund { .. })), "{wish:?}");
    // Who is to do something reads what is wished for; of nothing else a refund would be heard of.
    let wish = one.current(&payment.id).await.unwrap().unwrap().wish();
    assert!(matches!(wish, Some(Wish::Refund { .. })), "{wish:?}");
    assert_eq!(payment.note(&other, refunded()).await.unwrap(), None);
    assert_eq!(payment.note(&one, refunded()).await.unwrap(), None);
    let events = payment.events().await;
    assert_eq!(
        events[4..],
        ["PaymentCancellationRequested", "PaymentRefunded"]
    );
}

#[tokio::test]
async fn what_is_said_at_the_same_time_is_noted_once_each() {
    let payment = Requested::new().await;
    let process = payment.home.payments();
    let (pending, again, authorized, captured) = tokio::join!(
        payment.note(&process, ProviderSays::Pending),
        payment.note(&process, ProviderSays::Pending),
        payment.note(&process, ProviderSays::Authorized),
        payment.note(&process, captured()),
    );
    for noted in [pending, again, authorized, captured] {
        assert_eq!(noted.unwrap(), None);
    }
    assert_eq!(payment.events().await, PAID);
}

/// Nothing of the payment can be read any more: whoever goes on knew it.
#[tokio::test]
async fn what_was_noted_here_is_not_read_again() {
    let payment = Requested::new().await;
    let process = payment.home.payments();
    payment.note(&process, ProviderSays::Pending).await.unwrap();
    let psql = payment.world.psql().await;
    for damage in [
        "UPDATE payment.events SET payload = '{\"Unheard\": {}}'",
        "UPDATE payment.payments SET state = '\"unheard\"'",
    ] {
        psql.execute(damage, &[]).await.unwrap();
    }
    let authorized = ProviderSays::Authorized;
    let read = payment
        .note(&payment.home.payments(), authorized.clone())
        .await;
    assert!(matches!(read, Err(NotNoted::Store(_))), "{read:?}");
    payment.note(&process, authorized).await.unwrap();
    payment.note(&process, captured()).await.unwrap();
    assert_eq!(payment.events().await, PAID);
}
