//! Read models rebuilt, switched, rolled back and dropped from the command line, while commands
//! arrive and queries are answered.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use runtime::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::arrived::compare;
use crate::backend::World;
use crate::customer::{Customers, Promised};

/// The newest orders must be in every answer so long after they were promised, whichever generation
/// gives it.
const FRESH_WITHIN: Duration = Duration::from_secs(3);
/// Of each customer, between two orders: some thirty orders a second are load, and leave the machine
/// room for the tests beside this one.
const RESTING: Duration = Duration::from_millis(80);
const PATIENCE: Duration = Duration::from_secs(60);

fn projections(world: &World, arguments: &str) -> std::process::Command {
    let mut command = world.orders("projections");
    command.args(arguments.split(' '));
    command
}

/// Runs a subcommand beside the load, and reads its JSON.
async fn said(world: &World, arguments: &str) -> Value {
    let mut command = projections(world, arguments);
    let output = tokio::task::spawn_blocking(move || command.arg("--json").output().unwrap());
    let output = output.await.unwrap();
    let failure = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments}: {failure}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn complaint(world: &World, arguments: &str) -> String {
    let output = projections(world, arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments}");
    String::from_utf8(output.stderr).unwrap()
}

/// Waits until the newest orders of all that were promised are in the generation that answers now.
async fn wait_until_in(world: &World, customers: &Customers) {
    let http = reqwest::Client::new();
    let begun = Instant::now();
    for (id, version) in customers.promised().iter().rev().take(50) {
        let order = format!("{}/api/orders/{id}?minVersion={version}", world.queries());
        loop {
            let asked = http.get(&order).header("prefer", "wait=5");
            let answer = asked.send().await.unwrap();
            if answer.status() == 200 {
                break;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{id} has not come with version {version}: {}",
                answer.text().await.unwrap()
            );
        }
    }
}

/// Fewer show little: a slow machine takes longer for them.
const LEAST_ANSWERS: u64 = 500;

/// A version that was promised, and when that was known.
struct Noted {
    version: u64,
    at: Timestamp,
    since: Instant,
}

impl Noted {
    fn now(version: u64) -> Self {
        Self {
            version,
            at: SystemClock.now(),
            since: Instant::now(),
        }
    }
}

/// Asks for orders all the time; every answer must be one, and as fresh as it has to be.
struct Reader {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<u64>,
}

impl Reader {
    fn start(world: &World, customers: Arc<Customers>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (queries, stopped) = (world.queries(), stop.clone());
        let task = tokio::spawn(async move {
            let http = reqwest::Client::new();
            let mut known: BTreeMap<String, Noted> = BTreeMap::new();
            let (mut answers, mut told) = (0, 0);
            let mut slowest = Duration::ZERO;
            while !stopped.load(Ordering::Relaxed) || answers <= LEAST_ANSWERS {
                for (id, version) in customers.promised() {
                    let noted = known.entry(id).or_insert_with(|| Noted::now(version));
                    if noted.version < version {
                        *noted = Noted::now(version);
                    }
                }
                let newest = known.iter().rev().take(20).map(|noted| (noted, true));
                let of_all = known.iter().step_by(known.len() / 20 + 1);
                for ((id, noted), newest) in newest.chain(of_all.map(|noted| (noted, false))) {
                    let answer = http.get(format!("{queries}/api/orders/{id}")).send().await;
                    let answer = answer.unwrap();
                    let through = answer.headers()["projection-applied-through"].to_str();
                    // "unknown" of a generation that has not said so yet.
                    let through = through.unwrap().parse::<Timestamp>().ok();
                    // The answer's own word for it.
                    let is_in = through.is_some_and(|through| noted.at < through);
                    told += u64::from(is_in);
                    let due = is_in || newest && noted.since.elapsed() > FRESH_WITHIN;
                    let promised = noted.version;
                    match answer.status().as_u16() {
                        404 if !due => {
                            slowest = slowest.max(noted.since.elapsed());
                            continue;
                        }
                        200 => {}
                        status => panic!(
                            "{status} for {id}, version {promised} is promised since {}, for \
                             {:?}, and answers are fresh through {through:?}: {}",
                            noted.at,
                            noted.since.elapsed(),
                            answer.text().await.unwrap()
                        ),
                    }
                    answers += 1;
                    let order: Value = answer.json().await.unwrap();
                    let version = order["version"].as_u64().unwrap();
                    if version < promised {
                        slowest = slowest.max(noted.since.elapsed());
                    }
                    assert!(
                        version >= promised || !due,
                        "{promised} is promised since {}, for {:?}, and answers are fresh through \
                         {through:?}: {order}",
                        noted.at,
                        noted.since.elapsed()
                    );
                    let expected = match version {
                        1 => "PENDING",
                        _ if order["cancelReason"].is_string() => "CANCELLED",
                        _ => "CONFIRMED",
                    };
                    assert_eq!(order["status"], expected, "{order}");
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert!(told > 0, "nothing was ever said to be in");
            println!("promised orders came into the answers within {slowest:?}");
            answers
        });
        Self { stop, task }
    }

    async fn leave(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

async fn customers_leave(customers: Arc<Customers>) -> Promised {
    let Ok(customers) = Arc::try_unwrap(customers) else {
        panic!("somebody still looks on");
    };
    customers.leave().await
}

#[tokio::test]
async fn a_read_model_is_rebuilt_switched_and_rolled_back_under_load() {
    let world = World::new().await;
    let _backend = world.start();
    world.wait_until_ready().await;
    let customers = Arc::new(Customers::at_a_pace(&world, 3, RESTING));
    customers.wait_for_more(100).await;
    world.wait_until_readable().await;
    let reader = Reader::start(&world, customers.clone());

    let rebuilt = said(&world, "rebuild order_view").await;
    assert_eq!(rebuilt["number"], 2, "{rebuilt:#}");
    assert_eq!(
        (&rebuilt["switched"], &rebuilt["followed"]),
        (&json!(true), &json!(true)),
        "{rebuilt:#}"
    );
    customers.wait_for_more(50).await;
    wait_until_in(&world, &customers).await;
    let compared = said(&world, "compare order_view 1").await;
    for of_name in compared["collections"].as_array().unwrap() {
        assert_eq!(of_name["different"], 0, "{compared:#}");
    }
    assert_eq!(said(&world, "rollback order_view").await["live"], 1);
    customers.wait_for_more(50).await;
    wait_until_in(&world, &customers).await;
    let listed = said(&world, "list").await;
    let listed = listed.as_array().unwrap().iter();
    let roles: Vec<(&str, &str)> = listed
        .map(|known| {
            (
                known["projection"].as_str().unwrap(),
                known["role"].as_str().unwrap(),
            )
        })
        .collect();
    let (orders, log, sagas) = ("order_view", "event_log", "saga_tracker");
    assert_eq!(
        roles,
        [
            (orders, "live"),
            (orders, "retired"),
            (log, "live"),
            (sagas, "live"),
        ]
    );
    assert_eq!(said(&world, "switch order_view 2").await["live"], 2);
    customers.wait_for_more(50).await;
    wait_until_in(&world, &customers).await;
    let status = said(&world, "status").await;
    for generation in status.as_array().unwrap() {
        let follows = generation["follows"].as_array().unwrap();
        assert_eq!(follows.len(), 1, "{generation:#}");
        assert_eq!(generation["lag"].as_object().unwrap().len(), 8);
    }
    assert!(complaint(&world, "drop order_view 2").contains("answers queries"));
    assert_eq!(said(&world, "drop order_view 1").await["dropped"], 1);
    customers.wait_for_more(50).await;
    wait_until_in(&world, &customers).await;
    for from_topics in [log, sagas] {
        let command = |what: &str| format!("{what} {from_topics}");
        let rebuilt = said(&world, &command("rebuild")).await;
        assert_eq!(
            (
                &rebuilt["number"],
                &rebuilt["switched"],
                &rebuilt["followed"]
            ),
            (&json!(2), &json!(true), &json!(true)),
            "{rebuilt:#}"
        );
        assert_eq!(said(&world, &command("rollback")).await["live"], 1);
        let drop = format!("drop {from_topics} 2");
        assert_eq!(said(&world, &drop).await["dropped"], 2);
    }

    let answers = reader.leave().await;
    let promised = customers_leave(customers).await;
    let compared = compare(&world, &promised).await;
    println!("{answers} answers, all of them right; {compared}");
    assert!(answers > LEAST_ANSWERS, "{answers}");
}

#[tokio::test]
async fn a_rebuild_that_is_killed_is_gone_on_with_and_a_second_one_refused() {
    let world = World::new().await;
    for number in 0..400 {
        let id = format!("0193b0a0-0000-7000-8000-{number:012}");
        world.append_order(&id, 1 + number % 3).await;
    }
    let backend = world.start();
    world.wait_until_ready().await;
    let customers = Arc::new(Customers::at_a_pace(&world, 2, RESTING));
    customers.wait_for_more(20).await;
    world.wait_until_readable().await;
    let reader = Reader::start(&world, customers.clone());
    for life in [150, 400, 900, 2500] {
        let mut rebuild = projections(&world, "rebuild order_view");
        rebuild.stdout(Stdio::null()).stderr(Stdio::null());
        let mut rebuild = rebuild.spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(life)).await;
        if life == 2500 {
            let complaint = complaint(&world, "rebuild order_view");
            assert!(
                complaint.contains("somebody else is at work"),
                "{complaint}"
            );
        }
        rebuild.kill().unwrap();
        rebuild.wait().unwrap();
    }
    let rebuilt = said(&world, "rebuild order_view").await;
    assert_eq!(
        (&rebuilt["number"], &rebuilt["switched"]),
        (&json!(2), &json!(true)),
        "{rebuilt:#}"
    );
    wait_until_in(&world, &customers).await;
    reader.leave().await;
    let promised = customers_leave(customers).await;
    compare(&world, &promised).await;

    // Nobody is left to keep the other one fresh.
    let (ended, _) = backend.terminate();
    assert!(ended.success());
    let started = Instant::now();
    loop {
        let status = said(&world, "status").await;
        let of_first = status[0]["follows"].as_array().unwrap().len();
        if of_first == 0 {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{status:#}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let refused = complaint(&world, "rollback order_view");
    assert!(refused.contains("--stale"), "{refused}");
    assert_eq!(said(&world, "rollback order_view --stale").await["live"], 1);
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let world = World::new().await;
    for (arguments, says) in [
        ("rebuild orders", "order_view"),
        ("switch order_view 7", "has no generation 7"),
        ("drop order_view 7", "has no generation 7"),
        ("compare order_view 7", "has no generation 7"),
        ("rollback order_view", "never switched"),
        ("rebuild order_view --at-once 0", "--at-once"),
    ] {
        let complaint = complaint(&world, arguments);
        assert!(complaint.contains(says), "{arguments}: {complaint}");
    }
}
