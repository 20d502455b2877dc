//! Imports run one way. The table is the architecture: a new arrow is a decision, made here.

#![cfg(test)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Each room, and the rooms it may use.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("event-store", &["domain"]),
    ("messaging", &["domain"]),
    ("read-models", &["domain"]),
    ("runtime", &[]),
    ("relay", &["event-store", "messaging", "runtime"]),
    ("command-api", &["domain", "event-store", "runtime"]),
    (
        "projector",
        &[
            "domain",
            "event-store",
            "messaging",
            "read-models",
            "runtime",
        ],
    ),
    ("query-api", &["domain", "read-models", "runtime"]),
    (
        "participants",
        &["domain", "event-store", "messaging", "runtime"],
    ),
    ("payment-simulator", &["domain", "runtime"]),
    ("devstack", &[]),
    (
        "orders",
        &[
            "command-api",
            "devstack",
            "domain",
            "event-store",
            "messaging",
            "participants",
            "payment-simulator",
            "projector",
            "query-api",
            "read-models",
            "relay",
            "runtime",
        ],
    ),
    (
        "bench",
        &[
            "command-api",
            "devstack",
            "domain",
            "event-store",
            "messaging",
            "participants",
            "payment-simulator",
            "projector",
            "query-api",
            "read-models",
            "relay",
            "runtime",
        ],
    ),
];

/// What tests may use besides: real servers, and the order as an example.
const FOR_TESTS: &[&str] = &["devstack", "domain", "payment-simulator"];

/// Crates that do I/O, keep time or roll dice: not for the domain.
const IMPURE: &[&str] = &[
    "tokio",
    "sqlx",
    "tokio-postgres",
    "mongodb",
    "rdkafka",
    "axum",
    "reqwest",
    "rand",
    "tracing",
];

#[test]
fn imports_run_one_way() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let names: BTreeSet<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    let known: BTreeSet<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    assert_eq!(names, known, "every room has its line in the table");

    let mut turned = Vec::new();
    for package in &metadata.packages {
        let (_, allowed) = ROOMS
            .iter()
            .find(|(room, _)| *room == package.name.as_str())
            .unwrap();
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let for_tests = dependency.kind == DependencyKind::Development;
            let fits = allowed.contains(&name) || (for_tests && FOR_TESTS.contains(&name));
            if names.contains(name) && !fits {
                turned.push(format!("{} uses {name}", package.name));
            }
            if package.name.as_str() == "domain" && !for_tests && IMPURE.contains(&name) {
                turned.push(format!("domain uses {name}"));
            }
        }
    }
    assert!(turned.is_empty(), "{turned:#?}");
}

/// The store and the relay serve any aggregate, so they name none.
#[test]
fn store_and_relay_name_no_aggregate() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for room in ["event-store", "relay"] {
        for path in sources(format!("{root}/{room}/src").into()) {
            let code = std::fs::read_to_string(&path).unwrap();
            assert!(!code.contains("domain::order"), "{}", path.display());
        }
    }
}

fn sources(folder: PathBuf) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries
        .map(|entry| entry.unwrap().path())
        .partition(|path| path.is_dir());
    folders.into_iter().flat_map(sources).chain(files).collect()
}
