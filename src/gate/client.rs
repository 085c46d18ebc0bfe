use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

use super::Settings;

/// Where a trusted proxy says whom it asks for.
///
/// One of the two and never both: a proxy that writes one passes the other on as its client
/// wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, as nearly all do.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl ProxyHeader {
    const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

/// Who asks, as far as the limits of addresses go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    limited_as: Option<IpAddr>,
}

impl Client {
    /// The address it counts as; `None`: it is not limited by address.
    #[must_use]
    pub const fn limited_as(self) -> Option<IpAddr> {
        self.limited_as
    }
}

/// What is believed of whom.
pub(super) struct Proxies {
    trusted: Vec<IpNet>,
    exempt: Vec<IpNet>,
    header: ProxyHeader,
}

/// An address that is not known: all of them together.
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

impl Proxies {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            trusted: settings.trusted.clone(),
            exempt: settings.exempt.clone(),
            header: settings.proxy_header,
        }
    }

    /// Whose connection it is. One of a trusted proxy carries many clients, and is not limited.
    pub(super) fn peer(&self, peer: Option<SocketAddr>) -> Client {
        let peer = peer.map_or(NOBODY, |peer| peer.ip().to_canonical());
        self.judged(peer)
    }

    /// Whose request it is: the rightmost address that is no trusted proxy. Further left stands
    /// what the client itself may have written.
    pub(super) fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Client {
        let mut nearest = peer.map_or(NOBODY, |peer| peer.ip().to_canonical());
        if self.trusts(nearest) {
            let values: Vec<_> = headers.get_all(self.header.name()).collect();
            for value in values.into_iter().rev() {
                let Ok(value) = value.to_str() else {
                    return limited(nearest);
                };
                for element in split(value, ',').into_iter().rev() {
                    let Some(address) = self.address(element) else {
                        // Hidden by a proxy: together with all whom it hides.
                        return limited(nearest);
                    };
                    nearest = address.to_canonical();
                    if !self.trusts(nearest) {
                        return self.judged(nearest);
                    }
                }
            }
        }
        self.judged(nearest)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
    }

    fn judged(&self, address: IpAddr) -> Client {
        if self.trusts(address) || self.exempt.iter().any(|net| net.contains(&address)) {
            return Client { limited_as: None };
        }
        limited(address)
    }

    fn address(&self, element: &str) -> Option<IpAddr> {
        match self.header {
            ProxyHeader::XForwardedFor => address(element.trim()),
            ProxyHeader::Forwarded => split(element, ';').into_iter().find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                let is_for = name.trim().eq_ignore_ascii_case("for");
                is_for.then(|| address(value.trim().trim_matches('"')))?
            }),
        }
    }
}

fn limited(address: IpAddr) -> Client {
    let whose = match address {
        IpAddr::V4(_) => address,
        // Whoever has one address of IPv6 has all in its network of 64 bits.
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    };
    Client {
        limited_as: Some(whose),
    }
}

/// An address, with a port or without: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let alone = bare.unwrap_or(text).parse().ok();
    alone.or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip()))
}

/// Splits where `separator` stands outside of quotes: within them a client may have had it put,
/// say by its `Host`.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut begun) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == separator && !quoted => {
                parts.push(&text[begun..at]);
                begun = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[begun..]);
    parts
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn proxies(header: ProxyHeader) -> Proxies {
        Proxies {
            trusted: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            exempt: vec!["203.0.113.9/32".parse().unwrap()],
            header,
        }
    }

    fn client(header: ProxyHeader, peer: &str, values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            let name = HeaderName::from_static(header.name());
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let peer = SocketAddr::new(peer.parse().unwrap(), 1234);
        let client = proxies(header).client(Some(peer), &headers);
        client.limited_as().map(|address| address.to_string())
    }

    #[test]
    fn the_rightmost_address_that_is_no_proxy_is_the_client() {
        for (peer, values, whose) in [
            ("192.0.2.1", &[][..], Some("192.0.2.1")),
            // Whom nobody trusts may say what they like.
            ("192.0.2.1", &["198.51.100.1"], Some("192.0.2.1")),
            ("10.0.0.1", &["198.51.100.1"], Some("198.51.100.1")),
            ("::ffff:10.0.0.1", &["198.51.100.1"], Some("198.51.100.1")),
            // What stands left of the client, the client wrote.
            (
                "10.0.0.1",
                &["203.0.113.9, 198.51.100.1"],
                Some("198.51.100.1"),
            ),
            (
                "10.0.0.1",
                &["203.0.113.9", "198.51.100.1"],
                Some("198.51.100.1"),
            ),
            (
                "10.0.0.1",
                &["10.0.0.7, 198.51.100.1 , 10.0.0.2"],
                Some("198.51.100.1"),
            ),
            ("10.0.0.1", &["198.51.100.1:4711"], Some("198.51.100.1")),
            (
                "10.0.0.1",
                &["[2001:db8:1:2:3::4]:4711"],
                Some("2001:db8:1:2::"),
            ),
            ("10.0.0.1", &["2001:db8:1:2:3::4"], Some("2001:db8:1:2::")),
            ("fd00::1", &["::ffff:198.51.100.1"], Some("198.51.100.1")),
            // Not limited: a proxy for itself, and who is exempt.
            ("10.0.0.1", &[], None),
            ("10.0.0.1", &["10.0.0.3"], None),
            ("203.0.113.9", &[], None),
            ("10.0.0.1", &["203.0.113.9"], None),
            // Hidden ones together, and limited.
            ("10.0.0.1", &["unknown"], Some("10.0.0.1")),
            (
                "10.0.0.1",
                &["203.0.113.9, rubbish, 10.0.0.2"],
                Some("10.0.0.2"),
            ),
            ("10.0.0.1", &[""], Some("10.0.0.1")),
        ] {
            let got = client(ProxyHeader::XForwardedFor, peer, values);
            assert_eq!(got.as_deref(), whose, "{peer} {values:?}");
        }
    }

    #[test]
    fn rfc_7239_is_read_as_it_is_written() {
        for (value, whose) in [
            ("for=198.51.100.1", "198.51.100.1"),
            (
                "For=\"198.51.100.1:4711\";proto=https;by=10.0.0.1",
                "198.51.100.1",
            ),
            (
                "by=203.0.113.43; for=\"[2001:db8:1:2::5]:80\"",
                "2001:db8:1:2::",
            ),
            ("for=192.0.2.43, for=198.51.100.1", "198.51.100.1"),
            ("for=_hidden", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
            // A `Host` of the client, in quotes: nothing in it counts.
            (
                r#"for=198.51.100.1;host="a,for=203.0.113.9""#,
                "198.51.100.1",
            ),
            (
                r#"for=198.51.100.1;host="a\",for=203.0.113.9""#,
                "198.51.100.1",
            ),
            (
                r#"for=198.51.100.1;host="a;for=203.0.113.9""#,
                "198.51.100.1",
            ),
        ] {
            let got = client(ProxyHeader::Forwarded, "10.0.0.1", &[value]);
            assert_eq!(got.as_deref(), Some(whose), "{value}");
        }
    }
}
