//! By which keys tokens are checked, and by which they are not.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ridecast::auth::{self, KeySource};
use ridecast_protocol::ErrorCode;
use serde_json::json;
use tempfile::TempDir;

use crate::client::{Client, How};
use crate::http::get;
use crate::node::Node;
use crate::service::{SECRET, Service, token};
use crate::signer::{Signer, claims, jwks};

pub(crate) const ASK: &str = "/v1/rides";

/// A service that believes what these settings say.
pub(crate) fn service(auth: auth::Settings) -> Service {
    Service::start_with(|settings| settings.auth = auth)
}

/// Public keys in files, and no secret.
pub(crate) fn files(paths: Vec<PathBuf>) -> auth::Settings {
    auth::Settings {
        sources: paths.into_iter().map(KeySource::Pem).collect(),
        ..auth::Settings::default()
    }
}

pub(crate) fn bearer(token: &str) -> How {
    How {
        bearer: Some(token.to_owned()),
        ..How::default()
    }
}

/// By REST and by socket the same.
pub(crate) async fn is_let_in(service: &Service, token: &str) -> bool {
    let reply = get(service.address, ASK, Some(token)).await;
    let mut client = Client::connect(service.address, &bearer(token)).await;
    if reply.status == 200 {
        client.welcome().await;
        // The second time it is remembered.
        assert_eq!(get(service.address, ASK, Some(token)).await.status, 200);
        return true;
    }
    assert_eq!(reply.error(), (401, "bad_token".to_owned()));
    let farewell = client.farewell().await;
    assert_eq!(farewell.errors, [ErrorCode::BadToken]);
    assert_eq!((farewell.bye, farewell.close), (Some(4500), Some(4500)));
    false
}

fn pem_files(signers: &[&Signer]) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = (0..).zip(signers).map(|(nth, signer): (u32, _)| {
        let path = folder.path().join(format!("{nth}.pem"));
        std::fs::write(&path, &signer.pem).unwrap();
        path
    });
    let paths = paths.collect();
    (folder, paths)
}

#[tokio::test]
async fn a_public_key_of_each_kind_lets_in_whom_its_private_half_signs_for() {
    let signers = [Signer::rsa(), Signer::ec(), Signer::ed()];
    let (_folder, paths) = pem_files(&signers.iter().collect::<Vec<_>>());
    let all = service(files(paths.clone()));
    for (path, signer) in paths.into_iter().zip(&signers) {
        let token = signer.sign(&claims("rosa"));
        assert!(is_let_in(&all, &token).await, "{:?}", signer.algorithm);
        let only = service(files(vec![path]));
        for other in &signers {
            let is_own = other.algorithm == signer.algorithm;
            let token = other.sign(&claims("rosa"));
            assert_eq!(is_let_in(&only, &token).await, is_own);
        }
        // A name makes no difference to a key that has none.
        let named = signer.clone().named("some key").sign(&claims("rosa"));
        assert!(is_let_in(&only, &named).await, "{:?}", signer.algorithm);
    }
    for stranger in [Signer::ec(), Signer::ed()] {
        assert!(!is_let_in(&all, &stranger.sign(&claims("rosa"))).await);
    }
    assert!(
        !is_let_in(&all, &token("rosa", ridecast_protocol::Role::Rider)).await,
        "there is no secret"
    );
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let signers = [Signer::rsa(), Signer::ec(), Signer::ed()];
    let (_folder, paths) = pem_files(&signers.iter().collect::<Vec<_>>());
    let with_secret = auth::Settings {
        secret: Some(SECRET.to_owned()),
        ..files(paths.clone())
    };
    for service in [service(files(paths)), service(with_secret)] {
        for signer in &signers {
            let pem = signer.pem.as_bytes();
            let der: Vec<u8> = pem::parse(pem).unwrap().into_contents();
            let trimmed = signer.pem.trim().as_bytes();
            for bytes in [pem, trimmed, &der, signer.jwk()["x"].to_string().as_bytes()] {
                for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                    let key = EncodingKey::from_secret(bytes);
                    let header = Header::new(algorithm);
                    let token = jsonwebtoken::encode(&header, &claims("rosa"), &key).unwrap();
                    assert!(!is_let_in(&service, &token).await, "{algorithm:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_key_counts_under_its_own_algorithm_alone() {
    let signer = Signer::rsa();
    let (_folder, paths) = pem_files(&[&signer]);
    let service = service(auth::Settings {
        secret: Some(SECRET.to_owned()),
        ..files(paths)
    });
    for algorithm in [
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ] {
        let token = signer.sign_with(&claims("rosa"), |header| header.alg = algorithm);
        assert!(!is_let_in(&service, &token).await, "{algorithm:?}");
    }
    // A good signature under a header that says something else of it.
    let good = signer.sign(&claims("rosa"));
    assert!(is_let_in(&service, &good).await);
    let (_, rest) = good.split_once('.').unwrap();
    let none = format!("{}.", rest.split_once('.').unwrap().0);
    for (header, rest) in [
        (r#"{"alg":"none"}"#, none.as_str()),
        (r#"{"alg":"None","typ":"JWT"}"#, &none),
        (r#"{"typ":"JWT"}"#, rest),
        (r#"{"alg":"none","typ":"JWT"}"#, rest),
        (r#"{"alg":"HS256","typ":"JWT"}"#, rest),
        (r#"{"alg":"ES256","typ":"JWT"}"#, rest),
        (r#"{"alg":"EdDSA","typ":"JWT"}"#, rest),
        (r#"{"alg":"RS512","typ":"JWT"}"#, rest),
    ] {
        let header =
            base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, header);
        assert!(!is_let_in(&service, &format!("{header}.{rest}")).await);
    }
    // What a token brings with it counts for nothing.
    let stranger = Signer::rsa_of(2_048);
    let own_key = stranger.sign_with(&claims("rosa"), |header| {
        header.jwk = serde_json::from_value(stranger.jwk()).unwrap();
        header.jku = Some("http://127.0.0.1:9/jwks.json".to_owned());
    });
    assert!(!is_let_in(&service, &own_key).await);
    // What it says must be understood, the service does not.
    let critical = signer.sign_with(&claims("rosa"), |header| {
        header.crit = Some(vec!["b64".to_owned()]);
    });
    assert!(!is_let_in(&service, &critical).await);
}

#[tokio::test]
async fn a_set_is_read_for_the_keys_that_are_of_use() {
    let (rsa, ec, ed) = (
        Signer::rsa().named("r"),
        Signer::ec().named("e"),
        Signer::ed().named("d"),
    );
    let mut set: serde_json::Value = serde_json::from_str(&jwks(&[&rsa, &ec, &ed])).unwrap();
    let (mut other_use, mut other_algorithm) = (Signer::ec().jwk(), Signer::rsa().jwk());
    other_use["use"] = json!("enc");
    other_algorithm["alg"] = json!("RS512");
    other_algorithm["kid"] = json!("r512");
    let secret = "c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMsIHJlYWxseQ";
    let strange = json!({"kty": "strange", "kid": "s", "use": "sig"});
    let weak = Signer::rsa_of(1_024).named("w");
    let keys = set["keys"].as_array_mut().unwrap();
    keys.extend([
        other_use,
        other_algorithm,
        json!({"kty": "oct", "k": secret, "alg": "HS256", "kid": "o"}),
        strange,
        json!(7),
        weak.jwk(),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, set.to_string()).unwrap();
    let service = service(auth::Settings {
        sources: vec![KeySource::JwksFile(path)],
        ..auth::Settings::default()
    });
    for signer in [&rsa, &ec, &ed] {
        assert!(is_let_in(&service, &signer.sign(&claims("rosa"))).await);
        let mut nameless = signer.clone();
        nameless.kid = None;
        assert!(is_let_in(&service, &nameless.sign(&claims("rosa"))).await);
    }
    let wrong_name = ec.clone().named("d");
    assert!(!is_let_in(&service, &wrong_name.sign(&claims("rosa"))).await);
    assert!(!is_let_in(&service, &weak.sign(&claims("rosa"))).await);
    let rs512 = Signer::rsa().named("r512");
    assert!(!is_let_in(&service, &rs512.sign(&claims("rosa"))).await);
    let key = EncodingKey::from_base64_secret(secret.trim_end_matches('='));
    if let Ok(key) = key {
        let token = jsonwebtoken::encode(&Header::default(), &claims("rosa"), &key).unwrap();
        assert!(!is_let_in(&service, &token).await);
    }
}

#[tokio::test]
async fn the_program_takes_public_keys_alone_and_says_what_is_none() {
    let signer = Signer::ec();
    let (folder, paths) = pem_files(&[&signer]);
    let path = paths[0].to_str().unwrap();
    let issuer = [
        "--auth-issuer",
        "https://login.example.com",
        "--auth-audience",
        "rides",
    ];
    let node = Node::serve(&[&["--store", "memory", "--auth-key", path][..], &issuer].concat());
    let mut claims = claims("rosa");
    assert_eq!(
        get(node.address, ASK, Some(&signer.sign(&claims)))
            .await
            .status,
        401
    );
    claims["iss"] = json!("https://login.example.com");
    claims["aud"] = json!("rides");
    let good = signer.sign(&claims);
    assert_eq!(get(node.address, ASK, Some(&good)).await.status, 200);

    let private = folder.path().join("private.pem");
    std::fs::write(&private, &signer.private_pem).unwrap();
    let empty = folder.path().join("empty.json");
    std::fs::write(&empty, r#"{"keys":[]}"#).unwrap();
    for (arguments, why) in [
        (vec![], "required"),
        (vec!["--auth-key", "/no/such.pem"], "/no/such.pem"),
        (vec!["--auth-key", private.to_str().unwrap()], "private key"),
        (vec!["--auth-jwks", empty.to_str().unwrap()], "no key"),
        (
            vec!["--auth-jwks", "ftp://login.example.com/keys"],
            "https://",
        ),
        (vec!["--auth-secret", "short"], "32 bytes"),
    ] {
        let program = Command::new(env!("CARGO_BIN_EXE_ridecast"))
            .args(["serve", "--store", "memory", "--bind", "127.0.0.1:0"])
            .args(&arguments)
            .env_remove("RIDECAST_AUTH_SECRET")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&program.stderr).into_owned();
        assert!(!program.status.success(), "{arguments:?}");
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_file_that_changes_is_read_anew() {
    let (before, after) = (Signer::ed(), Signer::ed());
    let (_folder, paths) = pem_files(&[&before]);
    let service = service(auth::Settings {
        look_every: Duration::from_millis(20),
        ..files(paths.clone())
    });
    let old = before.sign(&claims("rosa"));
    assert!(is_let_in(&service, &old).await);
    // What is no key does not lock everybody out.
    std::fs::write(&paths[0], "half a ke").unwrap();
    crate::jwks::until_metric(&service, "ridecast_auth_key_refreshes_failed_total", |n| {
        n >= 2
    })
    .await;
    assert!(is_let_in(&service, &old).await);
    std::fs::write(&paths[0], &after.pem).unwrap();
    let new = after.sign(&claims("rosa"));
    crate::jwks::until_status(&service, &new, 200).await;
    assert!(
        !is_let_in(&service, &old).await,
        "also one that was remembered"
    );
}
