use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use ridecast_protocol::VehicleClass;
use serde_json::json;

use super::BaseMap;

/// What the page is told when it starts.
#[derive(Debug, Clone, Default)]
pub struct PageConfig {
    /// Lets everybody in who opens the page: only for a demo. `None`: the page asks for a token.
    pub token: Option<String>,
    /// A demo, in which everybody may be anybody. `None`: nobody is given a token.
    pub demo: Option<DemoPeople>,
    /// Classes of vehicles that riders are offered to choose from. Empty: none are told apart.
    pub classes: Vec<VehicleClass>,
    /// An operator's own map style, instead of the base map of streets.
    pub style: Option<String>,
    /// Other origins that style needs.
    pub origins: Vec<String>,
}

/// Whom visitors of a demo may be.
#[derive(Debug, Clone)]
pub struct DemoPeople {
    /// Names that begin so are taken: the simulator's drivers and riders have them.
    pub taken: String,
}

impl PageConfig {
    /// Where the page may connect to: the service itself, and what an operator's map style needs.
    #[cfg(feature = "page")]
    pub(super) fn content_security_policy(&self) -> String {
        let style = self.style.as_deref().and_then(origin);
        let origins = self
            .origins
            .iter()
            .filter_map(|url| origin(url))
            .chain(style);
        let mut connect = String::from("'self'");
        for origin in origins {
            connect.push(' ');
            connect.push_str(origin);
        }
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
             img-src 'self' data: blob:; worker-src 'self'; manifest-src 'self'; \
             connect-src {connect}; object-src 'none'; base-uri 'self'; form-action 'none'; \
             frame-ancestors 'none'"
        )
    }
}

/// Scheme and host of an absolute URL, without what could end a header or a directive.
#[cfg(feature = "page")]
fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    let sound = |c: char| c.is_ascii_alphanumeric() || ".-:[]*".contains(c);
    let known = matches!(scheme, "https" | "http") && !host.is_empty() && host.chars().all(sound);
    known.then(|| &url[..scheme.len() + 3 + host.len()])
}

/// What the licence of the streets asks every map to show.
const ATTRIBUTION: &str =
    "© <a href=\"https://www.openstreetmap.org/copyright\">OpenStreetMap contributors</a>";

/// `GET /config.json`.
pub(super) async fn config(
    page: web::ThinData<Arc<PageConfig>>,
    map: web::ThinData<Option<Arc<BaseMap>>>,
) -> HttpResponse {
    let map = map.0.as_ref();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({
            "token": page.token,
            "demo": page.demo.is_some(),
            "classes": page.classes,
            "map": {
                "bounds": map.map(|map| map.bounds),
                "roads": map.map(|_| "/map/roads.geojson"),
                "attribution": ATTRIBUTION,
                "style": page.style,
            },
        }))
}

#[cfg(all(test, feature = "page"))]
mod tests {
    use super::*;

    fn policy(style: &str, origins: &[&str]) -> String {
        PageConfig {
            style: Some(style.to_owned()),
            origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            ..PageConfig::default()
        }
        .content_security_policy()
    }

    #[test]
    fn the_page_may_ask_nobody_but_whom_its_map_needs() {
        assert!(policy("/style.json", &[]).contains("connect-src 'self';"));
        assert!(
            policy(
                "https://maps.example.org:8443/a/style.json?key=1",
                &["https://tiles.example.org/"]
            )
            .contains(
                "connect-src 'self' https://tiles.example.org https://maps.example.org:8443;"
            )
        );
    }

    #[test]
    fn nothing_slips_into_the_header() {
        for bad in [
            "javascript://x",
            "https://",
            "https://a;script-src *",
            "https://a b",
            "https://a\r\nx: y",
        ] {
            assert!(
                policy("/s", &[bad]).contains("connect-src 'self';"),
                "{bad:?}"
            );
        }
    }
}
