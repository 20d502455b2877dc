//! The dead-letter desk from the command line.

use std::process::Output;

use event_store::dead_letters::{
    DeadLetters, NewDeadLetter, OriginalRecord, Place, Reason, Source, State, Subject,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::backend::World;

fn junk(offset: i64, order: &str) -> NewDeadLetter {
    NewDeadLetter {
        source: Source::Projector,
        reason: Reason::InvalidData,
        error_message: "expected \u{1b}[2J value".to_owned(),
        place: Place::Topic {
            partition: 3,
            offset,
        },
        original: OriginalRecord {
            topic: "order-events".to_owned(),
            key: Some(order.as_bytes().to_vec()),
            value: Some(b"\xffpoison".to_vec()),
            headers: vec![("ce_id".to_owned(), Some(b"7".to_vec()))],
        },
        subject: Subject {
            aggregate_id: Some(order.to_owned()),
            ..Subject::default()
        },
        metadata: json!({}),
    }
}

/// A world with items on its desk, and no services.
struct Desk {
    world: World,
    letters: DeadLetters,
}

impl Desk {
    fn run(&self, arguments: &str) -> Output {
        let mut command = self.world.orders("dead-letters");
        command.args(arguments.split(' ')).env("USER", "ann");
        command.output().unwrap()
    }

    fn text(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let failure = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {failure}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.text(&format!("{arguments} --json"))).unwrap()
    }

    /// Of what ends with this status.
    fn complaint(&self, arguments: &str, status: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments}");
        assert_eq!(output.stdout, b"", "{arguments}");
        String::from_utf8(output.stderr).unwrap()
    }

    async fn state(&self, id: Uuid) -> State {
        self.letters.get(id).await.unwrap().unwrap().summary.state
    }
}

#[tokio::test]
async fn an_operator_finds_their_way_about_the_desk() {
    let world = World::new().await;
    let letters = DeadLetters::new(world.database());
    let mut ids = Vec::new();
    for (offset, order) in [(0, "o-1"), (1, "o-1"), (2, "o-2")] {
        ids.push(letters.record(&junk(offset, order)).await.unwrap().id);
    }
    let desk = Desk { world, letters };

    let listed = desk.json("list --source projector --order o-1 --newer-than 1h");
    let listed = listed.as_array().unwrap().iter().map(|item| &item["id"]);
    assert_eq!(
        listed.collect::<Vec<_>>(),
        [&json!(ids[1]), &json!(ids[0])],
        "the newest first"
    );
    assert_eq!(desk.json("list --older-than 1h"), json!([]));
    assert_eq!(desk.json("list --type OrderCreated"), json!([]));
    assert_eq!(desk.json("list --limit 1").as_array().unwrap().len(), 1);
    let table = desk.text("list");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[0].starts_with("ID  "), "{table}");
    let place = lines[0].find("SOURCE").unwrap();
    assert!(
        lines[1..]
            .iter()
            .all(|l| l[place..].starts_with("projector"))
    );
    assert!(!table.contains('\u{1b}'), "a record steers the terminal");

    let item = desk.json(&format!("show {}", ids[0]));
    assert_eq!(item["value"], json!({"base64": "/3BvaXNvbg=="}));
    assert_eq!(item["state"], "open");
    let shown = desk.text(&format!("show {}", ids[0]));
    assert!(shown.contains("ce_id: 7"), "{shown}");
    assert_eq!(
        desk.json("stats")["counts"],
        json!([{"source": "projector", "reason": "invalid_data", "state": "open", "count": 3}])
    );
    assert!(desk.text("stats").contains("invalid_data"));

    let dry = desk.json("requeue --all --order o-1 --dry-run");
    assert_eq!(dry, json!({"wouldRequeue": 2}));
    assert_eq!(
        desk.json("requeue --all --dry-run"),
        json!({"wouldRequeue": 3})
    );
    let refused = desk.complaint("requeue --all", 1);
    assert!(refused.contains("--yes"), "{refused}");
    assert_eq!(desk.state(ids[0]).await, State::Open);
    let requeued = desk.json("requeue --all --order o-1 --by bob");
    assert_eq!(requeued, json!({"requeued": 2}));
    assert_eq!(desk.state(ids[1]).await, State::Requeued);
    assert_eq!(desk.state(ids[2]).await, State::Open);
    let requeued = desk.text(&format!("requeue {}", ids[2]));
    assert!(requeued.contains("is requeued"), "{requeued}");
    assert_eq!(desk.json("requeue --all --yes"), json!({"requeued": 0}));

    let discard = format!("discard {}", ids[0]);
    desk.complaint(&discard, 2);
    let item = desk.json(&format!("{discard} --reason junk"));
    assert_eq!(item["state"], "discarded");
    assert_eq!(item["actedBy"], "ann");
    assert_eq!(item["actionReason"], "junk");
    let again = desk.complaint(&format!("{discard} --reason junk"), 1);
    assert!(again.contains("is discarded"), "{again}");
    let again = desk.complaint(&format!("requeue {}", ids[0]), 1);
    assert!(again.contains("is discarded"), "{again}");
    assert_eq!(
        desk.json("list --state discarded")
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(desk.json("list --state all").as_array().unwrap().len(), 3);

    // It is not on the dead-letter topic.
    assert_eq!(desk.json("purge --older-than 0s"), json!({"purged": 0}));
    assert_eq!(desk.json("purge --dry-run"), json!({"wouldPurge": 0}));
}

#[tokio::test]
async fn each_participant_has_a_desk_of_its_own() {
    let world = World::new().await;
    let mut migrate = world.orders("migrate");
    for (topic, of) in [
        ("INVENTORY_EVENTS_TOPIC", "inventory-events"),
        ("PAYMENT_EVENTS_TOPIC", "payment-events"),
        ("NOTIFICATION_EVENTS_TOPIC", "notification-events"),
    ] {
        migrate.env(topic, world.topic.replace("order-events", of));
    }
    let migrated = migrate.env("SAGAS", "true").output().unwrap();
    assert!(migrated.status.success(), "{migrated:?}");
    let letters = DeadLetters::new(world.database());
    let at_home = letters.record(&junk(0, "o-1")).await.unwrap().id;
    let mut ids = Vec::new();
    for (offset, schema) in (1..).zip(["inventory", "payment", "notification"]) {
        let letters = DeadLetters::new(world.schema(schema));
        let item = NewDeadLetter {
            source: Source::Participant,
            ..junk(offset, "o-1")
        };
        ids.push((schema, letters.record(&item).await.unwrap().id));
    }
    let desk = Desk { world, letters };
    for (of, id) in &ids {
        let listed = desk.json(&format!("list --of {of}"));
        let listed: Vec<_> = listed.as_array().unwrap().iter().collect();
        assert_eq!(listed.len(), 1, "{of}");
        assert_eq!(listed[0]["id"], json!(id));
        assert_eq!(
            desk.json(&format!("show {id} --of {of}"))["source"],
            "participant"
        );
        let requeued = desk.text(&format!("requeue {id} --of {of}"));
        assert!(
            requeued.contains("the participant tries again"),
            "{requeued}"
        );
        let discarded = desk.json(&format!("discard {id} --reason junk --of {of}"));
        assert_eq!(discarded["state"], "discarded");
        assert_eq!(
            desk.json(&format!("stats --of {of}"))["counts"],
            json!([{"source": "participant", "reason": "invalid_data", "state": "discarded",
                    "count": 1}])
        );
        let elsewhere = desk.complaint(&format!("show {id}"), 1);
        assert!(elsewhere.contains("there is no dead letter"), "{elsewhere}");
    }
    assert_eq!(desk.json("list --of orders")[0]["id"], json!(at_home));
    assert_eq!(desk.state(at_home).await, State::Open);
    let nobody = desk.complaint("list --of shipping", 2);
    assert!(nobody.contains("is none of orders, inventory"), "{nobody}");
}

/// Where no sagas are carried out.
#[tokio::test]
async fn a_participant_without_a_schema_has_no_desk() {
    let world = World::new().await;
    let letters = DeadLetters::new(world.database());
    let desk = Desk { world, letters };
    let complaint = desk.complaint("list --of payment", 1);
    assert!(
        complaint.contains("payment has no desk in this database"),
        "{complaint}"
    );
}

#[tokio::test]
async fn what_the_desk_cannot_do_it_says() {
    let world = World::new().await;
    let letters = DeadLetters::new(world.database());
    let desk = Desk { world, letters };
    let unknown = Uuid::from_u128(1);
    for arguments in [
        format!("show {unknown}"),
        format!("requeue {unknown}"),
        format!("discard {unknown} --reason junk"),
    ] {
        let complaint = desk.complaint(&arguments, 1);
        let expected = format!("orders: there is no dead letter {unknown}\n");
        assert_eq!(complaint, expected, "{arguments}");
    }
    for (arguments, expected) in [
        ("requeue", "<ID>"),
        ("show 7", "invalid value '7'"),
        (
            "list --source kafka",
            "is none of relay, projector, participant",
        ),
        ("list --older-than soon", "such as 30d"),
        ("list --state gone", "discarded, resolved, all"),
        (
            "requeue 00000000-0000-0000-0000-000000000001 --all",
            "cannot be used with",
        ),
        (
            "requeue 00000000-0000-0000-0000-000000000001 --order o-1",
            "cannot be used with",
        ),
        ("requeue --order o-1", "required"),
    ] {
        let complaint = desk.complaint(arguments, 2);
        assert!(complaint.contains(expected), "{arguments}: {complaint}");
    }
}
