//! The development stack, started by other processes and looked at from this one.

use std::net::TcpListener;
use std::path::Path;

use tempfile::TempDir;

use crate::clients::{Outcome, kafka_answers, read_document, read_row, write_document, write_row};
use crate::mail_catcher::send_mail;
use crate::rerun::{eventually, open_folder, play, processes_in};

fn exported<'a>(printed: &'a str, variable: &str) -> Outcome<&'a str> {
    let start = format!("export {variable}='");
    let line = printed.lines().find_map(|line| line.strip_prefix(&start));
    Ok(line
        .and_then(|line| line.strip_suffix('\''))
        .ok_or(printed)?)
}

/// Leaves nothing running, also when the test fails.
struct Place(TempDir);

impl Place {
    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = play("reset", self.path());
    }
}

#[tokio::test]
async fn goes_up_down_and_away() -> Outcome<()> {
    // Whoever has the usual port, it is taken.
    let _usual_port = TcpListener::bind(("127.0.0.1", 5432));
    let place = Place(open_folder()?);
    let folder = place.path().join("dev");

    let (mut owner, printed) = play("attached", place.path())?;
    let url = exported(&printed, "DATABASE_URL")?;
    assert!(!url.contains(":5432/"), "{url}");
    assert!(printed.contains("(port 5432 is taken)"), "{printed}");
    let status = devstack::status(&folder).ok_or("no status")?;
    assert!(!status.detached);
    assert!(printed.contains(&status.exports()));
    assert!(play("attached", place.path()).is_err(), "one at a time");
    write_row(url).await?;
    write_document(exported(&printed, "MONGODB_URI")?).await?;
    assert!(kafka_answers(exported(&printed, "KAFKA_BROKERS")?).await);
    send_mail(exported(&printed, "SMTP_URL")?, "a@b").await?;
    assert!(
        printed.contains(", to be read at http://127.0.0.1:"),
        "{printed}"
    );

    assert!(devstack::stop(&folder).await?);
    owner.wait()?;
    assert!(devstack::status(&folder).is_none());
    assert!(!devstack::stop(&folder).await?);

    let (mut owner, printed) = play("detached", place.path())?;
    assert!(owner.wait()?.success());
    let status = devstack::status(&folder).ok_or("no status")?;
    assert!(status.detached);
    let running = status
        .servers
        .iter()
        .filter_map(|server| server.running_process());
    assert_eq!(running.count(), 4);
    assert_eq!(read_row(exported(&printed, "DATABASE_URL")?).await?, "kept");
    assert_eq!(
        read_document(exported(&printed, "MONGODB_URI")?).await?,
        "kept"
    );

    let (mut owner, again) = play("attached", place.path())?;
    assert!(again.contains(&status.exports()), "{again}");
    assert_eq!(again.matches("(was left up)").count(), 4);
    owner.kill()?;
    assert_eq!(read_row(exported(&again, "DATABASE_URL")?).await?, "kept");

    let (mut owner, _) = play("reset", place.path())?;
    owner.wait()?;
    eventually("reset: no process", || {
        processes_in(place.path()).is_empty()
    })
    .await;
    assert!(!folder.exists());
    Ok(())
}

#[tokio::test]
async fn of_a_killed_process_leaves_its_data_to_the_next() -> Outcome<()> {
    let place = Place(open_folder()?);
    let (mut owner, printed) = play("attached", place.path())?;
    write_row(exported(&printed, "DATABASE_URL")?).await?;
    owner.kill()?;
    assert!(devstack::status(&place.path().join("dev")).is_none());

    let (mut owner, printed) = play("attached", place.path())?;
    assert_eq!(read_row(exported(&printed, "DATABASE_URL")?).await?, "kept");
    owner.kill()?;
    eventually("the stack: processes gone", || {
        processes_in(place.path()).is_empty()
    })
    .await;
    Ok(())
}
