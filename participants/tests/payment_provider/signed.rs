use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use reqwest::Response;
use ring::hmac;
use runtime::ManualClock;
use runtime::config::Secret;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::fixture::{Inbox, World, listen, now, terms};
use crate::simulated::{OLD_SECRET, SECRET};

/// A webhook as anybody may make one up.
struct Forged {
    id: &'static str,
    timestamp: i64,
    body: String,
    signature: Option<String>,
}

impl Forged {
    fn new() -> Self {
        let body = json!({
            "type": "payment.captured",
            "timestamp": now(),
            "data": {
                "orderId": "o-1", "intentId": "pi_1", "amount": "299.99", "currency": "USD",
            },
        });
        Self {
            id: "msg_1",
            timestamp: now().as_second(),
            body: body.to_string(),
            signature: None,
        }
    }

    fn signed(mut self, secret: &str) -> Self {
        let secret = STANDARD.decode(&secret["whsec_".len()..]).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let content = format!("{}.{}.{}", self.id, self.timestamp, self.body);
        let signature = STANDARD.encode(hmac::sign(&key, content.as_bytes()));
        let before = self.signature.map_or(String::new(), |before| before + " ");
        self.signature = Some(format!("{before}v1,{signature}"));
        self
    }

    async fn send(&self, to: SocketAddr) -> Response {
        let mut request = reqwest::Client::new()
            .post(format!("http://{to}/webhooks/payments"))
            .header("content-type", "application/json")
            .header("webhook-id", self.id)
            .header("webhook-timestamp", self.timestamp)
            .body(self.body.clone());
        if let Some(signature) = &self.signature {
            request = request.header("webhook-signature", signature);
        }
        request.send().await.unwrap()
    }

    /// The problem's type and detail.
    async fn refused(&self, to: SocketAddr, status: u16) -> (String, String) {
        let answer = self.send(to).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.unwrap();
        let text = |name: &str| problem[name].as_str().unwrap().to_owned();
        (text("type"), text("detail"))
    }
}

#[tokio::test]
async fn a_signed_webhook_is_stored_and_a_repeat_as_well() {
    let world = World::new().await;
    let webhook = Forged::new().signed(SECRET);
    for _ in 0..2 {
        assert_eq!(webhook.send(world.webhooks).await.status(), 204);
    }
    let heard = world.inbox.of("o-1");
    assert_eq!(
        heard.len(),
        2,
        "whether it is news is not the endpoint's to say"
    );
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[0].webhook_id, "msg_1");
}

#[tokio::test]
async fn a_forged_one_is_not_and_learns_nothing() {
    let world = World::new().await;
    let unknown = "whsec_ZXZpbGV2aWxldmlsZXZpbGV2aWxldmlsZXZpbGV2aWw=";
    let mut changed = Forged::new().signed(SECRET);
    changed.body = changed.body.replace("299.99", "299.98");
    let mut moved = Forged::new().signed(SECRET);
    moved.timestamp += 1;
    let mut renamed = Forged::new().signed(SECRET);
    renamed.id = "msg_2";
    let mut old = Forged::new().signed(unknown);
    old.timestamp -= 9999;
    let mut unreadable = Forged::new().signed(unknown);
    unreadable.body = "{".to_owned();
    let forged = [
        Forged::new(),
        Forged::new().signed(unknown),
        changed,
        moved,
        renamed,
        old,
        unreadable,
    ];
    let mut details = Vec::new();
    for webhook in forged {
        let (kind, detail) = webhook.refused(world.webhooks, 401).await;
        assert_eq!(kind, "/problems/invalid-signature");
        details.push(detail);
    }
    details.dedup();
    assert_eq!(details.len(), 1, "{details:?}");
    assert_eq!(world.inbox.of("o-1"), []);
}

#[tokio::test]
async fn a_stale_one_is_told_so() {
    let world = World::new().await;
    for shift in [-301, 400] {
        let mut webhook = Forged::new();
        webhook.timestamp += shift;
        let (kind, detail) = webhook.signed(SECRET).refused(world.webhooks, 401).await;
        assert_eq!(kind, "/problems/stale-webhook");
        assert!(detail.contains("5 minutes"), "{detail}");
    }
    assert_eq!(world.inbox.of("o-1"), []);
}

/// By this side's clock, not by the machine's.
#[tokio::test]
async fn the_clock_is_the_one_that_is_handed_in() {
    let (inbox, stop) = (Arc::<Inbox>::default(), CancellationToken::new());
    let clock = Arc::new(ManualClock::at(now()));
    let addr = listen(&inbox, clock.clone(), &stop).await;
    let webhook = Forged::new().signed(SECRET);
    assert_eq!(webhook.send(addr).await.status(), 204);
    clock.advance(SignedDuration::from_secs(310));
    webhook.refused(addr, 401).await;
    clock.advance(SignedDuration::from_secs(-620));
    webhook.refused(addr, 401).await;
    assert_eq!(inbox.of("o-1").len(), 1);
    stop.cancel();
}

#[tokio::test]
async fn old_and_new_secret_are_taken_while_they_are_exchanged() {
    let world = World::new().await;
    let both = Forged::new().signed(OLD_SECRET).signed(SECRET);
    for webhook in [
        Forged::new().signed(OLD_SECRET),
        Forged::new().signed(SECRET),
        both,
    ] {
        assert_eq!(webhook.send(world.webhooks).await.status(), 204);
    }
    // The provider's own, signed with the old one and with one that is not known here yet.
    let newer = "whsec_bmV4dG5leHRuZXh0bmV4dG5leHRuZXh0bmV4dG5leHQ=";
    let secrets = [newer, OLD_SECRET].map(Secret::new).to_vec();
    let world = World::with(|simulator| simulator.webhook_secrets = secrets, |_| {}).await;
    world.provider.create("o-2", &terms("10.00")).await.unwrap();
    world.heard("o-2", 3).await;
}

#[tokio::test]
async fn says_what_is_wrong_with_a_body_to_who_has_signed_it() {
    let world = World::new().await;
    let with = |body: String| {
        let mut webhook = Forged::new();
        webhook.body = body;
        webhook.signed(SECRET)
    };
    let whole = Forged::new().body;
    for (body, status, kind) in [
        ("{".to_owned(), 400, "malformed-json"),
        ("{}".to_owned(), 400, "validation-failed"),
        (
            whole.replace("\"299.99\"", "299.99"),
            400,
            "validation-failed",
        ),
        (whole.replace("captured", "eaten"), 400, "validation-failed"),
        (whole.replace("USD", "JPY"), 400, "validation-failed"),
        (whole.clone() + &" ".repeat(20_000), 413, "body-too-large"),
    ] {
        let (refused, _) = with(body).refused(world.webhooks, status).await;
        assert_eq!(refused, format!("/problems/{kind}"));
    }
    assert_eq!(world.inbox.of("o-1"), []);
}

#[tokio::test]
async fn what_cannot_be_stored_now_is_asked_for_again() {
    let world = World::new().await;
    world.inbox.closed.store(true, Ordering::SeqCst);
    let answer = Forged::new().signed(SECRET).send(world.webhooks).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "3");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}
