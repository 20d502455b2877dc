use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use http::StatusCode;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Call, Home, cancel, create, get, open, refund};

/// A call, and what the journal held at least when it was answered.
struct Answered {
    call: Call,
    length: usize,
    order: &'static str,
    status: String,
}

/// A simulator at work, with a receiver that takes every webhook.
struct Running {
    router: Router,
    stop: CancellationToken,
    run: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn on(home: &Home) -> Self {
        let listener = runtime::http::bind("127.0.0.1:0".parse().unwrap()).await;
        let listener = listener.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let receiver = Router::new().route("/", post(async || StatusCode::NO_CONTENT));
        let simulator = open(&home.journal, &url).unwrap();
        let router = simulator.router();
        let stop = CancellationToken::new();
        let (serving, running) = (stop.clone(), stop.clone());
        let run = tokio::spawn(async move {
            let limits = Default::default();
            let served = runtime::http::serve(listener, receiver, limits, None, serving);
            let (_, ran) = tokio::join!(served, simulator.run(running));
            ran.unwrap();
        });
        Self { router, stop, run }
    }

    async fn settled(&self, order: &str) -> Value {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let (_, intent) = get(&format!("/v1/orders/{order}")).send(&self.router).await;
            if rank(intent["status"].as_str().unwrap()) >= 2 {
                return intent;
            }
            assert!(tokio::time::Instant::now() < deadline, "{intent}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn end(self) {
        self.stop.cancel();
        self.run.await.unwrap();
    }
}

/// Nothing goes from a higher one to a lower one.
fn rank(status: &str) -> u8 {
    match status {
        "pending" => 0,
        "authorized" => 1,
        "captured" | "failed" | "cancelled" => 2,
        "refunded" => 3,
        other => panic!("{other}"),
    }
}

/// One of each kind: captured, refunded, declined, cancelled, cancelled before it was asked for.
async fn story(home: &Home) -> Vec<Answered> {
    let running = Running::on(home).await;
    let mut answered = Vec::new();
    let mut say = async |order, call: Call| {
        let (_, body) = call.send(&running.router).await;
        let intent = body.get("intent").unwrap_or(&body);
        let status = intent["status"].as_str().unwrap().to_owned();
        answered.push(Answered {
            call,
            length: home.length(),
            order,
            status,
        });
    };
    say("kept", create("kept", "299.99")).await;
    running.settled("kept").await;
    say("back", create("back", "10.00")).await;
    let intent = running.settled("back").await;
    let intent = intent["intentId"].as_str().unwrap();
    say("back", cancel("back")).await;
    say("back", refund("back", intent, "10.00")).await;
    say("declined", create("declined", "10.01")).await;
    say("open", create("open", "10.05")).await;
    say("open", cancel("open")).await;
    say("never", cancel("never")).await;
    say("never", create("never", "10.00")).await;
    running.end().await;
    answered
}

/// The file as a crash may have left it: at each byte of the last records, and here and there before
/// them, with all ends of lines.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_wherever_the_journal_ends() {
    let home = Home::new();
    let answered = story(&home).await;
    let whole = fs::read(&home.journal).unwrap();
    let torn = Home::new();
    let tried = |cut: &usize| {
        let behind_a_line = *cut > 0 && whole[cut - 1] == b'\n';
        behind_a_line || cut.is_multiple_of(10) || whole.len() - cut < 800
    };
    for cut in (0..=whole.len()).filter(tried) {
        fs::write(&torn.journal, &whole[..cut]).unwrap();
        let router = torn.open().router();
        let lines = whole[..cut].iter().rposition(|b| *b == b'\n');
        assert_eq!(torn.length(), lines.map_or(0, |end| end + 1));
        let (_, ledger) = get("/v1/ledger").send(&router).await;
        let mut now = BTreeMap::new();
        for intent in ledger["intents"].as_array().unwrap() {
            let order = intent["orderId"].as_str().unwrap();
            let status = intent["status"].as_str().unwrap();
            assert_eq!(now.insert(order, status), None, "two intents of {order}");
        }
        for answered in answered.iter().filter(|answered| answered.length <= cut) {
            let (then, now) = (&*answered.status, now[answered.order]);
            let stands = now == then || rank(now) > rank(then);
            assert!(
                stands,
                "cut at {cut}: {} was {then}, is {now}",
                answered.order
            );
        }
    }
}

/// After a crash callers ask again what they have no answer to, or have forgotten to have had.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_charged_twice_wherever_the_journal_ends() {
    let home = Home::new();
    let answered = story(&home).await;
    let whole = fs::read(&home.journal).unwrap();
    let ends = (0..whole.len()).filter(|at| whole[*at] == b'\n');
    let cuts = ends.flat_map(|end| [end.saturating_sub(40), end, end + 1]);
    for cut in cuts.collect::<Vec<_>>() {
        let torn = Home::new();
        fs::write(&torn.journal, &whole[..cut]).unwrap();
        let running = Running::on(&torn).await;
        let mut intent = Value::Null;
        for Answered { call, order, .. } in &answered {
            // Where the creation was lost, so was its intent's id.
            let call = match call.path.ends_with("/refund") {
                true => refund(order, intent["intentId"].as_str().unwrap(), "10.00"),
                false => call.clone(),
            };
            call.send(&running.router).await;
            if *order == "kept" || *order == "back" {
                intent = running.settled(order).await;
            }
        }
        let (_, ledger) = get("/v1/ledger").send(&running.router).await;
        let sums = r#"{"USD":{"captured":"309.99","refunded":"10.00"}}"#;
        assert_eq!(ledger["sums"].to_string(), sums, "cut at {cut}");
        assert_eq!(ledger["intents"].as_array().unwrap().len(), 5);
        running.end().await;
    }
}
