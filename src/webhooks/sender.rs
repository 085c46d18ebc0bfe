use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use sha2::Sha256;

use super::Settings;
use crate::telemetry::now_ms;

/// Where webhooks go.
pub struct Endpoint {
    url: Url,
    client: Client,
    pub(super) settings: Settings,
}

/// This is no address for webhooks.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Not a URL of HTTP.
    #[error("webhooks need a URL that begins with http:// or https://")]
    Url,
    /// Too short to resist guessing.
    #[error(
        "webhooks need a secret of at least {} bytes",
        Endpoint::LEAST_SECRET_BYTES
    )]
    WeakSecret,
    /// The client could not be made.
    #[error("webhooks cannot be sent: {0}")]
    Client(reqwest::Error),
}

/// What the backend made of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Any status from 200 to 299.
    Accepted,
    /// Anything else, or nothing: for people.
    Failed(String),
}

impl Endpoint {
    /// The shortest secret.
    pub const LEAST_SECRET_BYTES: usize = 16;

    /// Webhooks to this backend.
    ///
    /// # Errors
    /// [`InvalidEndpoint`].
    pub fn new(settings: Settings) -> Result<Self, InvalidEndpoint> {
        let url = Url::parse(&settings.url).map_err(|_| InvalidEndpoint::Url)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(InvalidEndpoint::Url);
        }
        if settings.secret.len() < Self::LEAST_SECRET_BYTES {
            return Err(InvalidEndpoint::WeakSecret);
        }
        // The process may have chosen its cryptography already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(settings.timeout)
            // Whoever answers by another address is not who was asked.
            .redirect(Policy::none())
            .build()
            .map_err(InvalidEndpoint::Client)?;
        Ok(Self {
            url,
            client,
            settings,
        })
    }

    pub(super) async fn post(&self, id: &str, body: String) -> Answer {
        let timestamp_s = now_ms() / 1_000;
        let signature = sign(&self.settings.secret, timestamp_s, body.as_bytes());
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("ridecast-event-id", id)
            .header(
                "ridecast-signature",
                format!("t={timestamp_s},v1={signature}"),
            )
            .body(body);
        match request.send().await.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => Answer::Accepted,
            Ok(status) => Answer::Failed(format!("answered {}", status.as_u16())),
            // Without the URL: it may have a password in it.
            Err(error) => Answer::Failed(error.without_url().to_string()),
        }
    }
}

/// What is sent. The epoch and offset in `id` name the event for good.
pub(super) fn body(id: &str, at_ms: i64, event: &str) -> String {
    format!(r#"{{"id":"{id}","at_ms":{at_ms},"event":{event}}}"#)
}

/// The signature of a webhook, in hex: HMAC-SHA256 by the secret over the time of sending (seconds
/// since the Unix epoch), a point, and the body.
///
/// # Panics
/// Never: HMAC takes keys of any length.
#[must_use]
pub fn sign(secret: &str, timestamp_s: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes keys of any length");
    };
    mac.update(format!("{timestamp_s}.").as_bytes());
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // A String takes everything.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_other_tools_make_of_it() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'a secret for a webhook'
        let signature = sign("a secret for a webhook", 1_700_000_000, br#"{"a":1}"#);
        assert_eq!(
            signature,
            "98593834f575e7567a1c680a71f8d1a9f07ba4ffe14e7711bd5e7831c1ee5d48"
        );
    }

    #[test]
    fn only_addresses_of_http_are_taken() {
        let is_taken = |url: &str, secret: &str| Endpoint::new(Settings::new(url, secret)).is_ok();
        for bad in ["", "backend", "ftp://x/", "file:///etc/passwd"] {
            assert!(!is_taken(bad, "0123456789abcdef"), "{bad}");
        }
        assert!(!is_taken("https://example.org/hook", "short"));
        assert!(is_taken("https://example.org/hook", "0123456789abcdef"));
    }
}
