use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use super::key::{self, Key, KeyError};

/// Where public keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A PEM file of one public key.
    Pem(PathBuf),
    /// A JWKS (RFC 7517) in a file.
    JwksFile(PathBuf),
    /// A JWKS at a URL.
    JwksUrl(Url),
}

/// Keys could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    File(String),
    /// The URL does not answer, or not with what was asked for.
    #[error("it cannot be fetched: {0}")]
    Url(String),
    /// What is there is longer than keys are.
    #[error("it has more than {} KiB", KeySource::MOST_BYTES / 1024)]
    TooLong,
    /// See [`KeyError`].
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// No place for a JWKS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a JWKS is in a file, or at a URL that begins with https:// or http://")]
pub struct InvalidJwks;

impl KeySource {
    const MOST_BYTES: usize = 256 * 1024;

    /// The JWKS at a URL or in a file.
    ///
    /// # Errors
    /// [`InvalidJwks`]: a URL, but not of HTTP.
    pub fn jwks(place: &str) -> Result<Self, InvalidJwks> {
        if !place.contains("://") {
            return Ok(Self::JwksFile(place.into()));
        }
        let url = Url::from_str(place).map_err(|_| InvalidJwks)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(InvalidJwks);
        }
        Ok(Self::JwksUrl(url))
    }

    /// Whether it is asked over the network.
    pub(super) const fn is_remote(&self) -> bool {
        matches!(self, Self::JwksUrl(_))
    }

    /// What is there now.
    pub(super) async fn read(&self, client: Option<&Client>) -> Result<Vec<u8>, SourceError> {
        match self {
            Self::Pem(path) | Self::JwksFile(path) => {
                let path = path.clone();
                // A disk may hang, and a worker must not.
                let reading = tokio::task::spawn_blocking(move || read_file(&path)).await;
                reading.unwrap_or_else(|error| Err(SourceError::File(error.to_string())))
            }
            Self::JwksUrl(url) => match client {
                Some(client) => fetch(client, url.clone()).await,
                None => Err(SourceError::Url("nothing asks for it".to_owned())),
            },
        }
    }

    /// The keys in it.
    pub(super) fn parse(&self, bytes: &[u8]) -> Result<Vec<Arc<Key>>, KeyError> {
        match self {
            Self::Pem(_) => Ok(vec![Arc::new(Key::of_pem(bytes)?)]),
            Self::JwksFile(_) | Self::JwksUrl(_) => key::jwks(bytes),
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem(path) | Self::JwksFile(path) => path.display().fmt(f),
            // Not the whole: there may be a password in it.
            Self::JwksUrl(url) => write!(f, "{}{}", url.origin().ascii_serialization(), url.path()),
        }
    }
}

/// What asks for keys over the network.
pub(super) fn client(timeout: Duration) -> Result<Client, reqwest::Error> {
    // The process may have chosen its cryptography already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(timeout)
        // Whoever answers by another address is not who was asked.
        .redirect(Policy::none())
        .build()
}

fn read_file(path: &Path) -> Result<Vec<u8>, SourceError> {
    let unreadable = |error: std::io::Error| SourceError::File(error.to_string());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let most = KeySource::MOST_BYTES as u64 + 1;
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    within(bytes)
}

async fn fetch(client: &Client, url: Url) -> Result<Vec<u8>, SourceError> {
    // Without the URL: it may have a password in it.
    let failed = |error: reqwest::Error| SourceError::Url(error.without_url().to_string());
    let mut answer = client.get(url).send().await.map_err(failed)?;
    if !answer.status().is_success() {
        let status = answer.status().as_u16();
        return Err(SourceError::Url(format!("answered {status}")));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        bytes.extend_from_slice(&chunk);
        bytes = within(bytes)?;
    }
    Ok(bytes)
}

fn within(bytes: Vec<u8>) -> Result<Vec<u8>, SourceError> {
    if bytes.len() > KeySource::MOST_BYTES {
        return Err(SourceError::TooLong);
    }
    Ok(bytes)
}
