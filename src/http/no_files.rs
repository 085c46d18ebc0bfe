use actix_web::{HttpRequest, HttpResponse};

use super::Error;

/// The program was built without the page.
pub(super) async fn file(request: HttpRequest) -> Result<HttpResponse, Error> {
    if request.path() == "/" {
        return Ok(
            HttpResponse::Ok().body("ridecast was built without its page (cargo feature `page`)")
        );
    }
    super::error::not_found().await
}
