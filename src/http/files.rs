use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderMap, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};

use super::{Error, PageConfig};

#[derive(rust_embed::RustEmbed)]
#[folder = "$OUT_DIR/page"]
struct Files;

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
    if is_known(request.headers(), &etag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, etag))
            .finish());
    }
    // Vite names what is under assets/ by its content.
    let caching = if path.starts_with("assets/") {
        "max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    Ok(HttpResponse::Ok()
        .content_type(file.metadata.mimetype())
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((ETAG, etag))
        .insert_header(("content-security-policy", page.content_security_policy()))
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header(("referrer-policy", "no-referrer"))
        .body(file.data.into_owned()))
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known == etag)
}
