use http::StatusCode;
use ring::digest::{SHA256, digest};
use runtime::config::AuthArgs;
use runtime::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::api::{Api, files};

fn entry(name: &str, key: &str, scopes: &[&str]) -> Value {
    let hash = digest(&SHA256, key.as_bytes());
    let hex: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    json!({"name": name, "sha256": hex, "scopes": scopes})
}

#[tokio::test]
async fn a_key_is_known_by_its_hash() {
    let mut bound = entry("kiosk", "k-2", &["orders:read"]);
    bound["customerId"] = "customer-7".into();
    let keys = json!([
        entry("shop", "k-1", &["orders:read", "orders:write"]),
        bound
    ]);
    let api = Api::with(files(None, Some(&keys.to_string())));
    let answer = api.get("/write", &["ApiKey k-1"]).await;
    assert_eq!(
        (answer.status, &*answer.text),
        (StatusCode::OK, "key:shop None")
    );
    let answer = api.get("/read", &["apikey  k-2"]).await;
    assert_eq!(answer.text, "key:kiosk Some(\"customer-7\")");
    let answer = api.get("/write", &["ApiKey k-2"]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    for wrong in ["ApiKey k-3", "ApiKey ", "ApiKey", "Bearer k-1", "k-1"] {
        api.get("/read", &[wrong]).await.is_refused();
    }
    let hash = keys[0]["sha256"].as_str().unwrap();
    api.get("/read", &[&format!("ApiKey {hash}")])
        .await
        .is_refused();
    let challenge = &api.get("/read", &[]).await.headers["www-authenticate"];
    assert_eq!(challenge, "ApiKey realm=\"orders\"");
}

#[tokio::test]
async fn a_changed_file_counts_and_a_broken_one_does_not() {
    let old = json!([entry("old", "k-1", &["orders:read"])]).to_string();
    let api = Api::with(files(None, Some(&old)));
    let path = api.folder.path().join("keys.json");
    std::fs::write(&path, "[{").unwrap();
    let new = json!([entry("new", "k-2", &["orders:read"])]).to_string();
    assert_eq!(
        api.get("/read", &["ApiKey k-1"]).await.status,
        StatusCode::OK
    );
    std::fs::write(&path, new).unwrap();
    api.becomes("/read", "ApiKey k-2", StatusCode::OK).await;
    api.get("/read", &["ApiKey k-1"]).await.is_refused();
    std::fs::write(&path, "[{").unwrap();
    // Longer than a look at the file is away.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    assert_eq!(
        api.get("/read", &["ApiKey k-2"]).await.status,
        StatusCode::OK
    );
}

/// The likeliest mistake is a key in the place of its hash.
#[test]
fn a_file_that_cannot_be_used_is_reported_without_its_content() {
    let mut extra = entry("a", "k", &["ops"]);
    extra["customer"] = "c".into();
    let mut secret = entry("a", "k", &["ops"]);
    secret["sha256"] = "my-secret-key".into();
    for (broken, says) in [
        ("my-secret-key".to_owned(), "line 1"),
        (json!([secret]).to_string(), "64 hexadecimal digits"),
        (json!([entry("a", "k", &["orders"])]).to_string(), "scope"),
        (json!([entry("", "k", &["ops"])]).to_string(), "empty"),
        (json!([extra]).to_string(), "line 1"),
        (
            json!([entry("a", "k", &[]), entry("a", "l", &[])]).to_string(),
            "twice",
        ),
    ] {
        let (args, _folder) = files(None, Some(&broken));
        let error = refusal(&args);
        assert!(error.contains(says), "{broken}: {error}");
        assert!(!error.contains("my-secret-key"), "{error}");
    }
    let gone = AuthArgs {
        api_keys_file: Some("/nowhere/keys.json".into()),
        ..AuthArgs::default()
    };
    assert!(refusal(&gone).contains("/nowhere/keys.json"));
    // Half of what tokens need is as wrong as nothing of it.
    let half = AuthArgs {
        jwt_issuer: Some("x".to_owned()),
        ..AuthArgs::default()
    };
    assert!(refusal(&half).contains("JWT_AUDIENCE"));
}

fn refusal(args: &AuthArgs) -> String {
    let clock: std::sync::Arc<dyn Clock> = std::sync::Arc::new(SystemClock);
    let authentication = args.authentication(clock);
    authentication.map(|_| ()).unwrap_err().to_string()
}
