use std::sync::{Arc, LazyLock};

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderMap, IF_NONE_MATCH, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use dashmap::DashMap;

use super::zipped::Zipped;
use super::{Error, PageConfig};

#[derive(rust_embed::RustEmbed)]
#[folder = "$OUT_DIR/page"]
struct Files;

/// The files that somebody has asked for, compressed.
static ZIPPED: LazyLock<DashMap<String, Zipped>> = LazyLock::new(DashMap::new);

/// What a face of the page may ask a browser for; others on it may ask for nothing.
const PERMISSIONS: (&str, &str) = (
    "permissions-policy",
    "geolocation=(self), screen-wake-lock=(self), camera=(), microphone=()",
);

/// The file of an address, below `/`.
fn file_at(path: &str) -> &str {
    match path {
        "" => "index.html",
        "ride" => "ride.html",
        "drive" => "drive.html",
        path if shared(path) => "share.html",
        path => path,
    }
}

/// Whether it is the address of a shared trip. Which of them there are, the page asks; it also
/// passes over what a sentence left behind the link, a full stop or a bracket.
fn shared(path: &str) -> bool {
    path.strip_prefix("s/").is_some_and(|token| {
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        token.starts_with(sound) && !token.contains('/')
    })
}

/// The address of a face without the slash at its end: below that the page's own relative
/// addresses would lead nowhere.
fn without_slash(path: &str, query: &str) -> Option<String> {
    let face = path.strip_suffix('/')?;
    let name = face.rsplit('/').next()?;
    let is_face = matches!(face, "ride" | "drive") || shared(face);
    let mark = if query.is_empty() { "" } else { "?" };
    is_face.then(|| format!("../{name}{mark}{query}"))
}

/// A file of the page.
pub(super) async fn file(
    request: HttpRequest,
    page: web::ThinData<Arc<PageConfig>>,
) -> Result<HttpResponse, Error> {
    let address = request.path().trim_start_matches('/');
    if let Some(there) = without_slash(address, request.query_string()) {
        return Ok(HttpResponse::PermanentRedirect()
            .insert_header((LOCATION, there))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish());
    }
    let path = file_at(address);
    let Some(file) = Files::get(path) else {
        return super::error::not_found().await;
    };
    let hash = file.metadata.sha256_hash();
    let [a, b, ..] = *hash.as_chunks::<8>().0 else {
        return super::error::not_found().await;
    };
    let etag = format!(
        "\"{:016x}{:016x}\"",
        u64::from_be_bytes(a),
        u64::from_be_bytes(b)
    );
    // With this answer too: a browser puts its headers in the place of those that it has.
    let policy = ("content-security-policy", page.content_security_policy());
    if is_known(request.headers(), &etag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, etag))
            .insert_header(policy)
            .insert_header(PERMISSIONS)
            .finish());
    }
    let caching = if shared(address) {
        // The address itself is a key.
        "no-store"
    } else if path.starts_with("assets/") {
        // Vite names what is there by its content.
        "max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut response = HttpResponse::Ok();
    response
        .content_type(file.metadata.mimetype())
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((ETAG, etag))
        .insert_header(policy)
        .insert_header(PERMISSIONS);
    let zipped = match ZIPPED.get(path) {
        Some(zipped) => zipped.clone(),
        None => match Zipped::of(file.data.into_owned()) {
            Ok(zipped) => ZIPPED.entry(path.to_owned()).or_insert(zipped).clone(),
            Err(error) => return Ok(HttpResponse::InternalServerError().body(error.to_string())),
        },
    };
    Ok(zipped.answer(&request, &mut response))
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_face_has_its_address() {
        for (address, file) in [
            ("", "index.html"),
            ("ride", "ride.html"),
            ("drive", "drive.html"),
            ("s/231476f1c48553980fb22ded3172951f", "share.html"),
            ("s/", "s/"),
            ("s/a/b", "s/a/b"),
            ("s/231476f1c48553980fb22ded3172951f).", "share.html"),
            ("s/..", "s/.."),
            ("ride/x", "ride/x"),
            ("icon.svg", "icon.svg"),
        ] {
            assert_eq!(file_at(address), file, "{address}");
        }
    }

    #[test]
    fn a_slash_too_many_leads_to_the_face_and_nowhere_else() {
        let there = |path| without_slash(path, "");
        assert_eq!(there("ride/").as_deref(), Some("../ride"));
        assert_eq!(there("s/ab/").as_deref(), Some("../ab"));
        assert_eq!(
            without_slash("drive/", "a=b").as_deref(),
            Some("../drive?a=b")
        );
        for path in [
            "ride",
            "",
            "/",
            "s/",
            "assets/",
            "ride//",
            "s/../",
            "s//evil.example/",
        ] {
            assert_eq!(there(path), None, "{path}");
        }
    }
}
