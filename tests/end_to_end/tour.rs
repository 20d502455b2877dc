use crate::backend::World;

/// The README's first command, on this run's servers.
#[tokio::test]
async fn the_tour_sees_every_hop() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let output = world
        .orders("dev")
        .envs(world.participants())
        .args(["--exit-after-tour", "--folder"])
        .arg(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for hop in ["command", "postgres", "kafka", "mongodb", "query"] {
        let seen = text
            .lines()
            .filter(|line| line.contains(&format!("ms  {hop}")))
            .count();
        assert_eq!(seen, 4, "{hop}\n{text}");
    }
    for hop in ["placed", "saga", "mail"] {
        assert!(text.contains(&format!("ms  {hop}")), "{hop}\n{text}");
    }
    for state in ["CONFIRMED", "CANCELLED"] {
        assert!(text.contains(state), "{text}");
    }
}
