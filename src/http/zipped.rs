use std::io::Write as _;

use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use flate2::Compression;
use flate2::write::GzEncoder;

/// A text as it is and compressed, once: compressing a megabyte for each
/// visitor would be a gift to who means harm.
#[derive(Debug, Clone)]
pub(super) struct Zipped {
    plain: Bytes,
    gzip: Bytes,
}

impl Zipped {
    pub(super) fn of(plain: impl Into<Bytes>) -> std::io::Result<Self> {
        let plain = plain.into();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&plain)?;
        let gzip = gzip.finish()?.into();
        Ok(Self { plain, gzip })
    }

    /// The body that the client can read.
    pub(super) fn answer(
        &self,
        request: &HttpRequest,
        response: &mut HttpResponseBuilder,
    ) -> HttpResponse {
        let accepts = request.headers().get(ACCEPT_ENCODING);
        let accepts = accepts.and_then(|header| header.to_str().ok());
        response.insert_header((VARY, "accept-encoding"));
        if accepts.is_some_and(|accepts| accepts.contains("gzip")) {
            response
                .insert_header((CONTENT_ENCODING, "gzip"))
                .body(self.gzip.clone())
        } else {
            response.body(self.plain.clone())
        }
    }
}
