use http::StatusCode;
use ring::hmac;
use serde_json::{Value, json};

use crate::api::{Api, files};
use crate::issuer::{Key, NOW, base64, claims, jwks};

async fn api(keys: &[(&str, &Key)]) -> Api {
    Api::with(files(Some(&jwks(keys)), None)).ready().await
}

#[tokio::test]
async fn each_algorithm_is_taken_with_a_key_of_its_kind() {
    let keys = [("rsa", Key::rsa()), ("ec", Key::ec()), ("ed", Key::ed())];
    let all: Vec<(&str, &Key)> = keys.iter().map(|(kid, key)| (*kid, key)).collect();
    let api = api(&all).await;
    for (kid, key) in &keys {
        let answer = api.bearer("/read", &key.token(kid, json!({}))).await;
        assert_eq!(answer.status, StatusCode::OK, "{kid}: {}", answer.text);
        assert_eq!(answer.text, "jwt:alice None");
        // Signed by a key that says it is another.
        for (other, _) in keys.iter().filter(|(other, _)| other != kid) {
            api.bearer("/read", &key.token(other, json!({})))
                .await
                .is_refused();
        }
    }
}

#[tokio::test]
async fn a_token_says_what_its_caller_may_do_and_whose_orders_it_sees() {
    let key = Key::ed();
    let api = api(&[("a", &key)]).await;
    for (changes, read, write) in [
        (json!({"scope": "orders:read orders:write"}), 200, 200),
        (json!({"scope": null, "scp": ["orders:write"]}), 403, 200),
        (json!({"scope": null, "scp": "orders:read"}), 200, 403),
        (json!({"scope": "orders:reads xorders:write"}), 403, 403),
        (json!({"scope": null}), 403, 403),
    ] {
        let token = key.token("a", changes);
        assert_eq!(api.bearer("/read", &token).await.status, read);
        assert_eq!(api.bearer("/write", &token).await.status, write);
    }
    let bound = key.token("a", json!({"customerId": "customer-1"}));
    let answer = api.bearer("/read", &bound).await;
    assert_eq!(answer.text, "jwt:alice Some(\"customer-1\")");
    // The only key there is needs no name.
    let unnamed = key.sign(&json!({"alg": "EdDSA"}), &claims(json!({})));
    assert_eq!(api.bearer("/read", &unnamed).await.status, StatusCode::OK);
}

#[tokio::test]
async fn times_count_by_our_clock_with_some_leeway() {
    let key = Key::ed();
    let api = api(&[("a", &key)]).await;
    for (changes, status) in [
        (json!({"exp": NOW - 29}), 200),
        (json!({"exp": NOW - 30}), 401),
        (json!({"nbf": NOW + 30}), 200),
        (json!({"nbf": NOW + 31}), 401),
        (json!({"exp": NOW as f64 + 60.5, "nbf": 0.5}), 200),
    ] {
        let token = key.token("a", changes.clone());
        assert_eq!(
            api.bearer("/read", &token).await.status,
            status,
            "{changes}"
        );
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_it_is_refused() {
    let (key, strange) = (Key::ed(), Key::ed());
    let api = api(&[("a", &key), ("rsa", &Key::rsa())]).await;
    let good = key.token("a", json!({}));
    assert_eq!(api.bearer("/read", &good).await.status, StatusCode::OK);

    let mut bad = vec![
        String::new(),
        "x".to_owned(),
        "a.b.c".to_owned(),
        format!("{good}x"),
        format!("{good}.x"),
        strange.token("a", json!({})),
        key.token("b", json!({})),
    ];
    for changes in [
        json!({"iss": "https://elsewhere.test/"}),
        json!({"iss": null}),
        json!({"aud": "another-api"}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"sub": null}),
        json!({"exp": null}),
        json!({"exp": "soon"}),
        json!({"customerId": ""}),
        json!({"customerId": null}),
        json!({"customerId": 5}),
    ] {
        bad.push(key.token("a", changes));
    }
    // Other content under the same signature.
    let (head, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let other = base64(claims(json!({"scope": "ops"})).to_string());
    bad.push(format!("{head}.{other}.{signature}"));
    // No signature, and the public key taken for a secret.
    let content = base64(claims(json!({})).to_string());
    for algorithm in ["none", "None", "HS256"] {
        for (kid, key) in [("a", &key), ("rsa", &Key::rsa())] {
            let head = base64(json!({"alg": algorithm, "kid": kid}).to_string());
            let message = format!("{head}.{content}");
            let secret = hmac::Key::new(hmac::HMAC_SHA256, &key.public());
            let signature = hmac::sign(&secret, message.as_bytes());
            bad.push(format!("{message}."));
            bad.push(format!("{message}.{}", base64(signature)));
        }
    }
    // An extension that must be understood.
    let header = json!({"alg": "EdDSA", "kid": "a", "crit": ["x"], "x": 1});
    bad.push(key.sign(&header, &claims(json!({}))));
    for token in bad {
        let answer = api.bearer("/read", &token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}");
        answer.is_refused();
        assert!(token.len() < 10 || !answer.text.contains(&token));
    }
}

#[tokio::test]
async fn the_answer_says_what_is_missing() {
    let key = Key::ed();
    let api = api(&[("a", &key)]).await;
    let answer = api.get("/read", &[]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.problem(), "/problems/unauthenticated");
    assert_eq!(
        answer.headers["www-authenticate"],
        "Bearer realm=\"orders\""
    );

    let answer = api.bearer("/write", &key.token("a", json!({}))).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.problem(), "/problems/insufficient-scope");
    let problem: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(problem["requiredScope"], "orders:write");
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("insufficient_scope"), "{challenge}");

    let expired = api
        .bearer("/read", &key.token("a", json!({"exp": 1})))
        .await;
    assert!(expired.text.contains("expired"), "{}", expired.text);
    let twice = format!("Bearer {}", key.token("a", json!({})));
    api.get("/read", &[&twice, &twice]).await.is_refused();
    api.get("/read", &["Basic YTpi"]).await.is_refused();
}
