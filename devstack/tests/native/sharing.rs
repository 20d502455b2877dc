//! Tests have a runtime each and share the servers.

use crate::clients::{Outcome, postgres};

async fn has_a_database_of_its_own(name: &str) -> Outcome<()> {
    let server = devstack::shared_postgres().await;
    let url = server.create_database(name).await?;
    let client = postgres(&url).await?;
    let row = client.query_one("SELECT current_database()::text", &[]);
    assert_eq!(row.await?.get::<_, String>(0), name);
    Ok(())
}

#[tokio::test]
async fn one_test() -> Outcome<()> {
    has_a_database_of_its_own("one").await
}

#[tokio::test]
async fn another_test() -> Outcome<()> {
    has_a_database_of_its_own("two").await
}

#[test]
fn a_thread_that_ends_does_not_take_the_server_with_it() -> Outcome<()> {
    let run = || -> Outcome<()> {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let server = devstack::shared_postgres().await;
            postgres(server.url()).await.map(|_| ())
        })
    };
    for _ in 0..2 {
        let ended = std::thread::spawn(run).join();
        ended.map_err(|_| "the thread failed")??;
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_is_no_plain_word_is_refused() {
    let server = devstack::shared_postgres().await;
    assert!(server.create_database("a\"; DROP").await.is_err());
}
