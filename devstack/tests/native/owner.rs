//! A server ends with the process that started it, however that one ends.

use std::fs;

use crate::clients::Outcome;
use crate::rerun::{eventually, open_folder, play, processes_in};

async fn nothing_is_left_after_a_kill_in(role: &str, servers: usize) -> Outcome<()> {
    let folder = open_folder()?;
    let (mut owner, _) = play(role, folder.path())?;
    let running = processes_in(folder.path());
    assert!(running.len() >= servers, "{running:?}");
    assert!(fs::read_dir(folder.path())?.count() >= servers.max(1));

    owner.kill()?;
    let gone = || processes_in(folder.path()).is_empty();
    eventually(&format!("{role}: processes gone"), gone).await;
    assert_eq!(fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

#[tokio::test]
async fn that_shares_all_three() -> Outcome<()> {
    nothing_is_left_after_a_kill_in("share", 3).await
}

#[tokio::test]
async fn that_suspended_its_server() -> Outcome<()> {
    nothing_is_left_after_a_kill_in("suspend", 1).await
}

#[tokio::test]
async fn that_killed_its_server() -> Outcome<()> {
    nothing_is_left_after_a_kill_in("killed", 0).await
}

#[tokio::test]
async fn a_dropped_server_is_gone_at_once() -> Outcome<()> {
    let server = devstack::private_mongodb().await?;
    let uri = server.uri().to_owned();
    crate::clients::write_document(&uri).await?;
    drop(server);
    assert!(crate::clients::read_document(&uri).await.is_err());
    Ok(())
}
