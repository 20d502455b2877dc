use std::process::Command;

/// The short form of `orders chaos`: it compares everything itself, and ends with a failure if
/// anything was lost, came out of order, does not add up, or cannot be explained. This seed kills
/// Postgres, the broker, a relay, the payment provider and participants, and puts poison on the
/// topic.
#[test]
fn nothing_is_lost_whatever_is_killed_paused_or_poisoned() {
    let output = Command::new(env!("CARGO_BIN_EXE_orders"))
        .args(["chaos", "--faults", "11", "--seed", "3", "--rate", "40"])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    for shown in [
        "Postgres killed",
        "broker killed",
        "payment provider killed",
        "participant killed",
        "poison of four kinds",
        "Stock, money and mails add up.",
    ] {
        assert!(printed.contains(shown), "{shown}: {printed}");
    }
    println!("{printed}");
}
