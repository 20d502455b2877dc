use std::time::Duration;

use domain::FailureReason;
use domain::payment::{Payment, PaymentCommand, Wish};
use domain::saga::SagaFlow;
use participants::payment::provider::{ProviderError, Said};
use tokio::time::Instant;

use crate::fixture::{PATIENCE, World, terms};

/// An order's payment with nothing but the provider: what it wishes is asked for, and whatever the
/// provider says it is told, as often and in the order as it is said.
struct Played<'a> {
    world: &'a World,
    order: String,
    payment: Payment,
    told: usize,
}

impl<'a> Played<'a> {
    fn request(world: &'a World, order: &str, amount: &str) -> Self {
        let mut played = Self {
            world,
            order: order.to_owned(),
            payment: Payment::default(),
            told: 0,
        };
        played.tell(PaymentCommand::Request {
            saga_flow: SagaFlow::StockFirst,
            payment: terms(amount),
            stock: None,
        });
        played
    }

    fn close(&mut self) {
        self.tell(PaymentCommand::Close {
            saga_flow: SagaFlow::StockFirst,
            reason: FailureReason::of("the customer has thought again"),
        });
    }

    fn tell(&mut self, command: PaymentCommand) {
        if let Some(event) = self.payment.decide(command).unwrap() {
            self.payment.fold(&event).unwrap();
        }
    }

    fn hear(&mut self, Said { intent_id, says }: Said) {
        self.tell(PaymentCommand::Provider { intent_id, says });
    }

    async fn ask(&mut self, wish: Wish) {
        let (provider, order) = (&self.world.provider, &self.order);
        let said = match wish {
            Wish::Create(terms) => provider.create(order, &terms).await,
            Wish::Cancel => provider.cancel(order).await,
            Wish::Refund {
                intent_id,
                amount,
                currency,
            } => provider.refund(order, &intent_id, amount, &currency).await,
        };
        match said {
            Ok(said) => self.hear(said),
            Err(ProviderError::NotNow(_)) => {}
            Err(refused) => panic!("{}: {refused}", self.order),
        }
    }

    /// One wish, then what came by webhook.
    async fn step(&mut self) {
        if let Some(wish) = self.payment.wish() {
            self.ask(wish).await;
        }
        for webhook in self.world.inbox.of(&self.order).split_off(self.told) {
            self.told += 1;
            self.hear(webhook.said);
        }
    }

    async fn until(&mut self, is_so: impl Fn(&Payment) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self.payment) {
            assert!(
                Instant::now() < deadline,
                "{}: {:?}",
                self.order,
                self.payment
            );
            self.step().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

const RULES: [&str; 8] = ["00", "01", "02", "03", "04", "05", "06", "07"];

async fn world() -> World {
    World::with(
        |simulator| {
            simulator.late_by = Duration::from_millis(200);
            simulator.hangs_for = Duration::from_secs(600);
        },
        |client| client.time_out = Duration::from_millis(400),
    )
    .await
}

#[tokio::test]
async fn every_rule_comes_to_an_end() {
    let world = world().await;
    for cents in RULES {
        let mut played = Played::request(&world, cents, &format!("100.{cents}"));
        if cents == "05" {
            played.step().await;
            played.close();
        }
        let paid = !["01", "05"].contains(&cents);
        played
            .until(|payment| {
                let state = payment.state().unwrap();
                let over = if paid {
                    state.captured
                } else {
                    state.cancelled
                };
                over || state.failed.is_some()
            })
            .await;
        let state = played.payment.state().unwrap();
        assert_eq!(state.captured, paid, "{cents}: {state:?}");
        assert_eq!(state.failed.is_some(), cents == "01", "{cents}: {state:?}");
        assert_eq!(played.payment.wish(), None);
    }
    // 100.00, .02, .03, .04, .06 and .07
    assert_eq!(world.sums().await, ("600.22".into(), "0.00".into()));
}

/// Closed after every number of steps: nothing is kept, whatever has happened by then.
#[tokio::test]
async fn whatever_is_closed_costs_nothing() {
    let world = world().await;
    for cents in RULES {
        for steps in 0..4 {
            let order = format!("{cents}-{steps}");
            let mut played = Played::request(&world, &order, &format!("100.{cents}"));
            for _ in 0..steps {
                played.step().await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            played.close();
            played
                .until(|payment| {
                    let state = payment.state().unwrap();
                    let over = state.cancelled || state.refunded || state.failed.is_some();
                    over && payment.wish().is_none()
                })
                .await;
            // Nor does anything come of what is still on its way.
            played.step().await;
            assert_eq!(played.payment.wish(), None, "{order}");
        }
    }
    let (captured, refunded) = world.sums().await;
    assert_eq!(captured, refunded);
    assert_ne!(captured, "0.00", "some were captured first");
}
