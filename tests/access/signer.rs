//! Whoever signs tokens: a login of the operator, with a key of its own.

use std::sync::LazyLock;

use ed25519_dalek::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::pkcs8::LineEnding;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::rand_core::OsRng;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};

use crate::say::now_ms;

/// A private key, and the public half of it.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    pub(crate) encoding: EncodingKey,
    /// `PUBLIC KEY`, as `openssl pkey -pubout` writes it.
    pub(crate) pem: String,
    /// `PRIVATE KEY`.
    pub(crate) private_pem: String,
    pub(crate) kid: Option<String>,
}

impl Signer {
    /// RS256. Made once: it takes a second.
    pub(crate) fn rsa() -> Self {
        static KEY: LazyLock<Signer> = LazyLock::new(|| Signer::rsa_of(2_048));
        KEY.clone()
    }

    pub(crate) fn rsa_of(bits: usize) -> Self {
        let key = RsaPrivateKey::new(&mut OsRng, bits).expect("a key");
        let public = RsaPublicKey::from(&key);
        Self {
            algorithm: Algorithm::RS256,
            encoding: EncodingKey::from_rsa_der(key.to_pkcs1_der().expect("DER").as_bytes()),
            pem: public.to_public_key_pem(LineEnding::LF).expect("PEM"),
            private_pem: key.to_pkcs8_pem(LineEnding::LF).expect("PEM").to_string(),
            kid: None,
        }
    }

    /// ES256, another one each time.
    pub(crate) fn ec() -> Self {
        let key = p256::SecretKey::random(&mut OsRng);
        let public = key.public_key();
        Self {
            algorithm: Algorithm::ES256,
            encoding: EncodingKey::from_ec_der(key.to_pkcs8_der().expect("DER").as_bytes()),
            pem: public.to_public_key_pem(LineEnding::LF).expect("PEM"),
            private_pem: key.to_pkcs8_pem(LineEnding::LF).expect("PEM").to_string(),
            kid: None,
        }
    }

    /// `EdDSA`, another one each time.
    pub(crate) fn ed() -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&rand::random());
        let public = key.verifying_key();
        // Only the private half: the form with both is another version, which not everybody reads.
        let bare = ed25519_dalek::pkcs8::KeypairBytes {
            secret_key: key.to_bytes(),
            public_key: None,
        };
        Self {
            algorithm: Algorithm::EdDSA,
            encoding: EncodingKey::from_ed_der(bare.to_pkcs8_der().expect("DER").as_bytes()),
            pem: public.to_public_key_pem(LineEnding::LF).expect("PEM"),
            private_pem: bare.to_pkcs8_pem(LineEnding::LF).expect("PEM").to_string(),
            kid: None,
        }
    }

    /// The same key under this name.
    pub(crate) fn named(mut self, kid: &str) -> Self {
        self.kid = Some(kid.to_owned());
        self
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_with(claims, |_| {})
    }

    /// With another header.
    pub(crate) fn sign_with(&self, claims: &Value, change: impl FnOnce(&mut Header)) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid.clone_from(&self.kid);
        change(&mut header);
        jsonwebtoken::encode(&header, claims, &self.encoding).expect("signed")
    }

    /// Its public half as an entry of a JWKS.
    pub(crate) fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.encoding, self.algorithm).expect("a JWK");
        let mut jwk = serde_json::to_value(jwk).expect("JSON");
        jwk["use"] = json!("sig");
        if let Some(kid) = &self.kid {
            jwk["kid"] = json!(kid);
        }
        jwk
    }
}

/// A JWKS of these.
pub(crate) fn jwks(signers: &[&Signer]) -> String {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({"keys": keys}).to_string()
}

/// The claims of a rider for an hour.
pub(crate) fn claims(user: &str) -> Value {
    let now_s = now_ms() / 1_000;
    json!({"sub": user, "role": "rider", "iat": now_s, "exp": now_s + 3_600})
}
