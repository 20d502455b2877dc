//! A backend that asks its callers who they are.

use std::fs::File;

use crate::backend::{EXAMPLE, World};

const KEY: &str = "a-key-of-the-shop";
/// Of [`KEY`].
const SHA256: &str = "4870db2ecb00a53967cb9efe59d344694b135f45b9931cd2495df1221ed05431";

#[tokio::test]
async fn callers_are_asked_who_they_are_and_keys_are_not_told() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (keys, log) = (folder.path().join("keys"), folder.path().join("log"));
    let list = format!(r#"[{{"name":"shop","sha256":"{SHA256}","scopes":["orders:write"]}}]"#);
    std::fs::write(&keys, list).unwrap();
    let mut all = world.orders("all");
    all.env("API_KEYS_FILE", &keys)
        // With authentication any address will do.
        .env(
            "COMMAND_LISTEN",
            world.commands().replace("http://127.0.0.1", "0.0.0.0"),
        )
        .env("RUST_LOG", "trace,hyper=info,h2=info,mio=info")
        .stderr(File::create(&log).unwrap());
    let _backend = world.started(&mut all);
    world.wait_until_ready().await;

    let http = reqwest::Client::new();
    let post = |authorization: Option<String>| {
        let request = http
            .post(format!("{}/api/orders", world.commands()))
            .header("content-type", "application/json")
            .body(EXAMPLE);
        match authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        }
    };
    let get = |path: String| {
        http.get(path)
            .header("authorization", format!("ApiKey {KEY}"))
    };
    assert_eq!(post(None).send().await.unwrap().status(), 401);
    let wrong = post(Some(format!("ApiKey {KEY}s"))).send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    assert!(!wrong.text().await.unwrap().contains(KEY));
    let right = post(Some(format!("ApiKey {KEY}"))).send().await.unwrap();
    assert_eq!(right.status(), 201);
    for path in [
        format!("{}/api/dead-letters", world.commands()),
        format!("{}/metrics", world.commands()),
        format!("{}/api/orders", world.queries()),
    ] {
        assert_eq!(
            get(path.clone()).send().await.unwrap().status(),
            403,
            "{path}"
        );
    }
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("key:shop"), "the log names the caller");
    assert!(!text.contains(KEY), "the log holds a key");
}
