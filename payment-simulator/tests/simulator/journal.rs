use std::fs;

use payment_simulator::{JournalError, SimulatorError};

use crate::fixture::{Home, create, get, open};

fn refused(home: &Home) -> JournalError {
    match open(&home.journal, "http://127.0.0.1:9/") {
        Err(SimulatorError::Journal(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("opened"),
    }
}

#[tokio::test]
async fn one_process_at_a_time_has_it() {
    let home = Home::new();
    let simulator = home.open();
    assert!(matches!(refused(&home), JournalError::InUse { .. }));
    drop(simulator);
    home.open();
}

/// What is behind it may have been answered: it is not cut off.
#[tokio::test]
async fn damage_in_the_middle_is_told_and_nothing_is_changed() {
    let home = Home::new();
    let router = home.open().router();
    for order in ["o-1", "o-2", "o-3"] {
        create(order, "10.00").send(&router).await;
    }
    drop(router);
    let whole = fs::read(&home.journal).unwrap();
    let second = whole.iter().position(|b| *b == b'\n').unwrap() + 1;
    let mut damaged = whole.clone();
    damaged[second + 5] = b'\0';
    fs::write(&home.journal, &damaged).unwrap();
    let error = refused(&home);
    assert!(
        matches!(error, JournalError::Damaged { line: 2, .. }),
        "{error}"
    );
    assert_eq!(fs::read(&home.journal).unwrap(), damaged);
}

#[tokio::test]
async fn webhooks_go_to_an_http_address() {
    let home = Home::new();
    for url in ["https://shop.example/", "shop", ""] {
        let refused = open(&home.journal, url);
        assert!(
            matches!(refused, Err(SimulatorError::WebhookUrl(_))),
            "{url}"
        );
    }
}

/// However many come at once: each is on the disk when it is answered.
#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_are_all_there_afterwards() {
    let home = Home::new();
    let router = home.open().router();
    let calls = (0..200).map(|n| {
        let router = router.clone();
        async move {
            let call = create(&format!("o-{n}"), "10.00");
            call.send(&router).await.0
        }
    });
    let calls: Vec<_> = calls.map(tokio::spawn).collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 201);
    }
    let at_the_answer = fs::read(&home.journal).unwrap();
    drop(router);
    fs::write(&home.journal, at_the_answer).unwrap();
    let (_, ledger) = get("/v1/ledger").send(&home.open().router()).await;
    assert_eq!(ledger["intents"].as_array().unwrap().len(), 200);
}
