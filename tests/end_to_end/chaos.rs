use std::process::Command;

/// The short form of `orders chaos`: it compares everything itself, and ends with a failure if
/// anything was lost, came out of order, or cannot be explained.
#[test]
fn nothing_is_lost_whatever_is_killed_paused_or_poisoned() {
    let output = Command::new(env!("CARGO_BIN_EXE_orders"))
        .args(["chaos", "--time", "30s", "--seed", "7", "--rate", "40"])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    println!("{printed}");
}
