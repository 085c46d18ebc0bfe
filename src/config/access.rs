//! Who may come in.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::auth::{self, KeySource};
use crate::http::Origin;

/// Which tokens are believed, and which pages may ask.
#[derive(Debug, Args)]
pub struct Access {
    /// Signs and checks tokens (HS256): at least 32 bytes, the same on every node
    #[arg(
        long,
        env = "RIDECAST_AUTH_SECRET",
        hide_env_values = true,
        required_unless_present_any = ["auth_key", "auth_jwks"]
    )]
    auth_secret: Option<String>,
    /// A public key to check tokens with (RSA, EC on P-256, Ed25519), a PEM file; several times, or
    /// separated by commas
    #[arg(
        long,
        value_name = "FILE",
        env = "RIDECAST_AUTH_KEY",
        value_delimiter = ','
    )]
    auth_key: Vec<PathBuf>,
    /// A set of such keys (JWKS), a file or a URL
    #[arg(
        long,
        value_name = "FILE-OR-URL",
        env = "RIDECAST_AUTH_JWKS",
        value_parser = KeySource::jwks
    )]
    auth_jwks: Option<KeySource>,
    /// A JWKS is fetched from its URL this often, and when a token names a key that is not known
    #[arg(long, value_name = "TIME", env = "RIDECAST_AUTH_JWKS_EVERY", value_parser = humantime::parse_duration, default_value = "5m")]
    auth_jwks_every: Duration,
    /// Who may have issued a token: its claim `iss`; several times, or separated by commas
    #[arg(
        long,
        value_name = "ISS",
        env = "RIDECAST_AUTH_ISSUER",
        value_delimiter = ','
    )]
    auth_issuer: Vec<String>,
    /// For whom a token must be: its claim `aud`; several times, or separated by commas
    #[arg(
        long,
        value_name = "AUD",
        env = "RIDECAST_AUTH_AUDIENCE",
        value_delimiter = ','
    )]
    auth_audience: Vec<String>,
    /// A revocation of tokens holds for so long if it does not say; no token should live longer
    #[arg(long, value_name = "TIME", env = "RIDECAST_REVOKE_FOR", value_parser = humantime::parse_duration, default_value = "30d")]
    pub(super) revoke_for: Duration,
    /// Makes the pseudonyms that riders see, the same on every node [default: the auth secret]
    #[arg(long, env = "RIDECAST_PSEUDONYM_SECRET", hide_env_values = true)]
    pseudonym_secret: Option<String>,
    /// Pages of this origin may ask too: scheme and host; several times, or
    /// separated by commas [default: those of the service's own origin]
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "RIDECAST_ALLOW_ORIGIN",
        value_delimiter = ',',
        value_parser = Origin::parse
    )]
    pub(super) allow_origin: Vec<Origin>,
}

impl Access {
    pub(super) fn settings(&self) -> auth::Settings {
        let files = self.auth_key.iter().cloned().map(KeySource::Pem);
        auth::Settings {
            secret: self.auth_secret.clone(),
            sources: files.chain(self.auth_jwks.clone()).collect(),
            issuers: self.auth_issuer.clone(),
            audiences: self.auth_audience.clone(),
            fetch_every: self.auth_jwks_every,
            ..auth::Settings::default()
        }
    }

    /// What pseudonyms are made with; `None`: something that other nodes do not have.
    #[must_use]
    pub fn pseudonym_secret(&self) -> Option<&str> {
        self.pseudonym_secret
            .as_deref()
            .or(self.auth_secret.as_deref())
    }
}
