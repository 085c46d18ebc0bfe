//! What a token must say, whoever has signed it.

use ridecast::auth;
use serde_json::{Value, json};

use crate::keys::{is_let_in, service};
use crate::say::now_ms;
use crate::service::SECRET;
use crate::signer::claims;

fn sign(claims: &Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).unwrap()
}

/// The claims of a good token but for this one; `null` takes it away.
fn with(name: &str, value: Value) -> String {
    let mut claims = claims("rosa");
    claims["iss"] = json!("https://login.example.com");
    claims["aud"] = json!(["other", "rides"]);
    claims[name] = value;
    if let Value::Object(fields) = &mut claims {
        fields.retain(|_, value| !value.is_null());
    }
    sign(&claims)
}

/// So many seconds and a half.
fn fraction(seconds: i64) -> Value {
    serde_json::from_str(&format!("{seconds}.5")).unwrap()
}

#[tokio::test]
async fn issuer_and_audience_must_be_right_where_they_are_asked_for() {
    let asking = service(auth::Settings {
        issuers: vec![
            "https://old.example.com".to_owned(),
            "https://login.example.com".to_owned(),
        ],
        audiences: vec!["rides".to_owned(), "drives".to_owned()],
        ..auth::Settings::secret(SECRET)
    });
    let not_asking = service(auth::Settings::secret(SECRET));
    for (name, value, is_good) in [
        ("sub", json!("rosa"), true),
        ("iss", json!("https://old.example.com"), true),
        ("iss", json!("https://login.example.com/"), false),
        ("iss", json!("https://evil.example.com"), false),
        ("iss", json!(""), false),
        ("iss", json!(7), false),
        ("iss", Value::Null, false),
        ("aud", json!("drives"), true),
        ("aud", json!("ride"), false),
        ("aud", json!(["other"]), false),
        ("aud", json!([]), false),
        ("aud", json!({"rides": true}), false),
        ("aud", Value::Null, false),
    ] {
        let token = with(name, value.clone());
        assert_eq!(is_let_in(&asking, &token).await, is_good, "{name}: {value}");
        assert!(is_let_in(&not_asking, &token).await, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_token_is_good_in_its_time_alone() {
    let service = service(auth::Settings::secret(SECRET));
    let now_s = now_ms() / 1_000;
    for (name, value, is_good) in [
        ("exp", json!(now_s + 60), true),
        ("exp", fraction(now_s + 60), true),
        ("exp", json!(now_s - 1), false),
        ("exp", json!(0), false),
        ("exp", json!("tomorrow"), false),
        ("exp", Value::Null, false),
        // Clocks may differ by five seconds.
        ("nbf", json!(now_s + 3), true),
        ("nbf", json!(now_s + 60), false),
        ("nbf", json!("tomorrow"), false),
        ("iat", Value::Null, true),
        ("iat", fraction(now_s - 1), true),
        ("iat", json!("yesterday"), false),
        ("jti", json!("t1"), true),
        ("jti", json!(1), false),
        ("sub", Value::Null, false),
        ("sub", json!(""), false),
        ("sub", json!("a\nb"), false),
        ("sub", json!("x".repeat(129)), false),
        ("role", Value::Null, false),
        ("role", json!("boss"), false),
        ("role", json!(["rider"]), false),
    ] {
        let token = with(name, value.clone());
        assert_eq!(
            is_let_in(&service, &token).await,
            is_good,
            "{name}: {value}"
        );
    }
}
