//! Keys that tokens are checked with. Each has one algorithm and counts for no other: so a public
//! key is never taken for a secret, whatever a token's header says.

use std::sync::Arc;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Header};
use serde::Deserialize;
use serde_json::Value;

/// A key, and what it is for.
#[derive(Debug)]
pub(super) struct Key {
    /// What a JWKS calls it. `None`: a token may call it anything.
    name: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// Why a file or an answer gives no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not PEM, or not of a key that is known.
    #[error("it is no PEM of a public key: RSA, EC on P-256, or Ed25519")]
    NoPem,
    /// Something that must never leave whoever signs.
    #[error("it holds a private key; the service needs the public one, and nothing else")]
    Private,
    /// Too small to resist, or too large to be checked in time.
    #[error("an RSA key must have 2048 to 4096 bits, and this one has {0}")]
    RsaBits(usize),
    /// Another algorithm, another curve, another use.
    #[error("a key for {0} is not for RS256, ES256 or EdDSA signatures")]
    Unsupported(String),
    /// Its numbers are none.
    #[error("the key is malformed")]
    Malformed,
    /// Not a set of keys.
    #[error("it is no JWKS: {0}")]
    NoSet(String),
    /// Nothing that is of use.
    #[error("it has no key for RS256, ES256 or EdDSA signatures")]
    Empty,
}

impl Key {
    /// HS256.
    pub(super) fn of_secret(secret: &str) -> Self {
        Self {
            name: None,
            algorithm: Algorithm::HS256,
            decoding: DecodingKey::from_secret(secret.as_bytes()),
        }
    }

    /// A public key as PEM.
    pub(super) fn of_pem(pem: &[u8]) -> Result<Self, KeyError> {
        if pem.windows(11).any(|part| part == b"PRIVATE KEY") {
            return Err(KeyError::Private);
        }
        let decoding = DecodingKey::from_rsa_pem(pem)
            .or_else(|_| DecodingKey::from_ec_pem(pem))
            .or_else(|_| DecodingKey::from_ed_pem(pem))
            .map_err(|_| KeyError::NoPem)?;
        // From here on one way for both forms.
        let jwk = Jwk::from_decoding_key(&decoding, None).map_err(|_| KeyError::NoPem)?;
        Self::of_jwk(&jwk)
    }

    fn of_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        let common = &jwk.common;
        let unsupported = |what: &str| Err(KeyError::Unsupported(what.to_owned()));
        if matches!(&common.public_key_use, Some(it) if *it != PublicKeyUse::Signature) {
            return unsupported("encryption");
        }
        let operations = common.key_operations.as_deref();
        if operations.is_some_and(|all| !all.contains(&KeyOperations::Verify)) {
            return unsupported("another operation");
        }
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                Algorithm::ES256
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                Algorithm::EdDSA
            }
            AlgorithmParameters::OctetKey(_) => return unsupported("a shared secret"),
            _ => return unsupported("another kind or curve"),
        };
        if let Some(other) = common.key_algorithm
            && other != KeyAlgorithm::from(algorithm)
        {
            return unsupported(&other.to_string());
        }
        let decoding = DecodingKey::from_jwk(jwk).map_err(|_| KeyError::Malformed)?;
        match decoding.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                let leading = n.iter().take_while(|byte| **byte == 0).count();
                let first = n.get(leading).ok_or(KeyError::Malformed)?;
                let bits = (n.len() - leading) * 8 - first.leading_zeros() as usize;
                if !(2_048..=4_096).contains(&bits) {
                    return Err(KeyError::RsaBits(bits));
                }
                if e.is_empty() {
                    return Err(KeyError::Malformed);
                }
            }
            DecodingKeyKind::SecretOrDer(bytes) => {
                let wanted = if algorithm == Algorithm::ES256 {
                    65
                } else {
                    32
                };
                if bytes.len() != wanted {
                    return Err(KeyError::Malformed);
                }
            }
        }
        Ok(Self {
            name: common.key_id.clone(),
            algorithm,
            decoding,
        })
    }
}

/// The longest JWKS that is used; a token without `kid` is tried with each key of its algorithm.
const MOST_KEYS: usize = 64;

/// Reads a JWKS. What is of no use in it is passed over: it may be there for somebody else.
pub(super) fn jwks(text: &[u8]) -> Result<Vec<Arc<Key>>, KeyError> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    // Without the text, which the parser's words quote: should it hold a secret, it is not logged.
    let set: Set = serde_json::from_slice(text)
        .map_err(|error| KeyError::NoSet(format!("malformed in line {}", error.line())))?;
    let mut keys = Vec::new();
    for value in set.keys {
        let key = serde_json::from_value::<Jwk>(value)
            .map_err(|_| KeyError::Malformed)
            .and_then(|jwk| Key::of_jwk(&jwk));
        match key {
            Ok(key) if keys.len() < MOST_KEYS => keys.push(Arc::new(key)),
            Ok(_) => return Err(KeyError::NoSet(format!("more than {MOST_KEYS} keys"))),
            Err(error) => tracing::debug!(%error, "passed over a key of a JWKS"),
        }
    }
    if keys.is_empty() {
        return Err(KeyError::Empty);
    }
    Ok(keys)
}

/// All keys of one moment.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    pub(super) keys: Vec<Arc<Key>>,
    /// Another one with every change: what was checked under an earlier one is checked anew.
    pub(super) generation: u64,
}

impl KeySet {
    /// Those that may have signed a token with this header.
    pub(super) fn of(&self, header: &Header) -> impl Iterator<Item = &Key> {
        self.keys.iter().map(Arc::as_ref).filter(move |key| {
            let is_named = match (&key.name, &header.kid) {
                (Some(name), Some(kid)) => name == kid,
                _ => true,
            };
            key.algorithm == header.alg && is_named
        })
    }

    /// Whether one has exactly this name.
    pub(super) fn has(&self, kid: &str) -> bool {
        let mut names = self.keys.iter().filter_map(|key| key.name.as_deref());
        names.any(|name| name == kid)
    }
}
