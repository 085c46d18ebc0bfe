use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where positions are kept: `memory`, `embedded:PATH` or `redis://…`.
///
/// A Redis URL may hold a password: `Display` and `Debug` leave it out.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// In this process, gone with it.
    Memory,
    /// In one file of this machine, used by one process.
    ///
    /// A path with an extension is the file; any other is a directory, which
    /// is made if missing and holds the file.
    Embedded(PathBuf),
    /// In Redis, shared by all nodes: `redis://[user:password@]host[:port][/database]`.
    Redis(String),
}

/// Why a text names no store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStoreUrl {
    /// None of the three forms.
    #[error("a store is `memory`, `embedded:PATH` or `redis://host[:port]`")]
    Unknown,
    /// `embedded:` with nothing after it.
    #[error("`embedded:` needs a path after it, as in `embedded:ridecast-data`")]
    NoPath,
    /// `rediss://`, Redis over TLS.
    #[error(
        "`rediss://` (Redis over TLS) is not built in: use `redis://` in a private network or through a TLS tunnel"
    )]
    Tls,
    /// `redis://` and then something that is not an address. The text is not repeated: it may hold a password.
    #[error("not a Redis address ({0}): write `redis://[user:password@]host[:port][/database]`")]
    Redis(String),
}

impl FromStr for StoreUrl {
    type Err = InvalidStoreUrl;

    fn from_str(text: &str) -> Result<Self, InvalidStoreUrl> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        if let Some(path) = text.strip_prefix("embedded:") {
            if path.is_empty() {
                return Err(InvalidStoreUrl::NoPath);
            }
            return Ok(Self::Embedded(path.into()));
        }
        if text.starts_with("rediss://") {
            return Err(InvalidStoreUrl::Tls);
        }
        if text.starts_with("redis://") {
            super::redis::check_url(text).map_err(InvalidStoreUrl::Redis)?;
            return Ok(Self::Redis(text.to_owned()));
        }
        Err(InvalidStoreUrl::Unknown)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Embedded(path) => write!(f, "embedded:{}", path.display()),
            Self::Redis(url) => {
                // A password may hold an `@` of its own, and so may nothing after it.
                let address = url.rsplit_once('@').map_or_else(
                    || url.trim_start_matches("redis://"),
                    |(_credentials, address)| address,
                );
                // The query may hold a password too.
                let address = address.split('?').next().unwrap_or_default();
                write!(f, "redis://{address}")
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read() {
        assert_eq!("memory".parse(), Ok(StoreUrl::Memory));
        assert_eq!(
            "embedded:/var/lib/ridecast".parse(),
            Ok(StoreUrl::Embedded("/var/lib/ridecast".into()))
        );
        for url in [
            "redis://localhost",
            "redis://:secret@10.0.0.1:6380/2",
            "redis://[::1]:6379",
        ] {
            assert_eq!(url.parse(), Ok(StoreUrl::Redis(url.into())), "{url}");
        }
    }

    #[test]
    fn anything_else_is_told_what_would_do() {
        let told = |text: &str| text.parse::<StoreUrl>().unwrap_err().to_string();
        for wrong in ["", "mem", "postgres://x", "embedded", "Redis://x"] {
            let told = told(wrong);
            for form in ["memory", "embedded:PATH", "redis://"] {
                assert!(told.contains(form), "{wrong:?}: {told}");
            }
        }
        assert!(told("embedded:").contains("path"));
        assert!(told("rediss://x").contains("TLS"));
        assert!(told("redis://x:port").contains("host"));
    }

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("redis://u:p@ss@host:1/2", "redis://host:1/2"),
            ("redis://host?protocol=resp3", "redis://host"),
            ("redis://host:1", "redis://host:1"),
        ] {
            let url = StoreUrl::Redis(url.into());
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("StoreUrl({shown})"));
        }
        let told = "redis://u:secret@host:port"
            .parse::<StoreUrl>()
            .unwrap_err();
        assert!(!told.to_string().contains("secret"), "{told}");
    }
}
