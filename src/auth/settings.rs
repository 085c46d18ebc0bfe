use std::time::Duration;

use jsonwebtoken::{Algorithm, Validation};

use super::KeySource;

/// Which tokens are believed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Signs and checks tokens (HS256). `None`: only public keys do, and nothing is signed here.
    pub secret: Option<String>,
    /// Public keys: RS256, ES256, `EdDSA`.
    pub sources: Vec<KeySource>,
    /// The claim `iss` must be one of these. Empty: it is not looked at.
    pub issuers: Vec<String>,
    /// The claim `aud` must name one of these. Empty: it is not looked at.
    pub audiences: Vec<String>,
    /// A JWKS at a URL is fetched this often.
    pub fetch_every: Duration,
    /// A file with keys is looked into this often.
    pub look_every: Duration,
    /// And both at most this often when a token names a key that is not known.
    pub learn_every: Duration,
}

impl Settings {
    /// This secret and no public key.
    #[must_use]
    pub fn secret(secret: impl Into<String>) -> Self {
        Self {
            secret: Some(secret.into()),
            ..Self::default()
        }
    }

    /// What is asked of the claims of a token by this algorithm.
    pub(super) fn validation(&self, algorithm: Algorithm, leeway_s: u64) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = leeway_s;
        validation.validate_nbf = true;
        let mut claims = vec!["exp", "sub"];
        if !self.issuers.is_empty() {
            validation.set_issuer(&self.issuers);
            claims.push("iss");
        }
        // Tokens of other makers may carry an audience, also when we do not ask for one.
        validation.validate_aud = !self.audiences.is_empty();
        if validation.validate_aud {
            validation.set_audience(&self.audiences);
            claims.push("aud");
        }
        // Else a token without them would pass.
        validation.set_required_spec_claims(&claims);
        validation
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            secret: None,
            sources: Vec::new(),
            issuers: Vec::new(),
            audiences: Vec::new(),
            fetch_every: Duration::from_mins(5),
            look_every: Duration::from_secs(5),
            learn_every: Duration::from_secs(10),
        }
    }
}
