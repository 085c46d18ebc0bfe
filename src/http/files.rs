use std::sync::{Arc, LazyLock};

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderMap, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use dashmap::DashMap;

use super::zipped::Zipped;
use super::{Error, PageConfig};

#[derive(rust_embed::RustEmbed)]
#[folder = "$OUT_DIR/page"]
struct Files;

/// The files that somebody has asked for, compressed.
static ZIPPED: LazyLock<DashMap<String, Zipped>> = LazyLock::new(DashMap::new);

/// A file of the page.
pub(super) async fn file(
    request: HttpRequest,
    page: web::ThinData<Arc<PageConfig>>,
) -> Result<HttpResponse, Error> {
    let path = match request.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
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
            .finish());
    }
    // Vite names what is under assets/ by its content.
    let caching = if path.starts_with("assets/") {
        "max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut response = HttpResponse::Ok();
    response
        .content_type(file.metadata.mimetype())
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((ETAG, etag))
        .insert_header(policy);
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
