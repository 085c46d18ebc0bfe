//! The sockets: which services each worker thread has, and what they are given.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_server::Server;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::{App as WebApp, web};
use tokio::net::TcpStream;

use super::{AppError, House, Settings};
use crate::driver::Garage;
use crate::gate::{Link, pass};
use crate::http;
use crate::hub::Hub;
use crate::ws::{self, Door};

/// REST requests and scrapes must still get in when all sessions are taken.
const CONNECTIONS_BESIDE_SESSIONS: usize = 1_000;
/// What a client of HTTP/2 may send of a body before it is read; twice that of all of a
/// connection's. Actix has eight times as much, for each of many phones.
const HTTP2_WINDOW: u32 = 128 * 1024;

/// Serves at this listener.
///
/// Like `actix_web::HttpServer`, of the same parts, and with one more: upgrades go to
/// [`ws::upgrade`], which takes the socket over.
pub(super) fn serve(
    house: House,
    settings: Settings,
    listener: TcpListener,
) -> Result<Server, AppError> {
    let workers = settings.workers.max(1);
    // One reader of the fleet for each worker, made here, where it may fail.
    let readers = (0..workers)
        .map(|_| house.garage.fleet.listen(false))
        .collect::<Result<Vec<_>, _>>()?;
    let readers = Arc::new(Mutex::new(readers));
    let bind = settings.bind;
    let connections = settings
        .sessions
        .most
        .saturating_add(CONNECTIONS_BESIDE_SESSIONS);
    let gate = house.gate;
    let (body_bytes, head_timeout) = (gate.settings().body_bytes, gate.settings().head_timeout);
    let door = web::Data::new(Door {
        auth: Arc::clone(&house.auth),
        store: Arc::clone(&house.store),
        garage: house.garage.clone(),
        settings: settings.ws,
    });
    let page = Arc::new(settings.page);
    let origins = Arc::new(settings.origins);
    let services = move || {
        // This runs once on each worker's own thread, where its hub will live.
        let reader = readers.lock().ok().and_then(|mut readers| readers.pop());
        let hub = reader.map(|reader| {
            let Garage { fleet, metrics, .. } = house.garage.clone();
            let hub = Hub::new(fleet, reader, metrics, settings.hub.clone());
            actix_web::rt::spawn(hub.clone().run());
            hub
        });
        let app = || {
            let gate = Arc::clone(&gate);
            let app = WebApp::new()
                .app_data(door.clone())
                .app_data(web::ThinData(Arc::clone(&house.auth)))
                .app_data(web::ThinData(Arc::clone(&house.store)))
                .app_data(web::ThinData(house.garage.clone()))
                .app_data(web::ThinData(house.health.clone()))
                .app_data(web::ThinData(house.queries.clone()))
                .app_data(web::ThinData(house.routes.clone()))
                .app_data(web::ThinData(house.dead_letters.clone()))
                .app_data(web::ThinData(Arc::clone(&house.revocations)))
                .app_data(web::ThinData(Arc::clone(&page)))
                .app_data(web::ThinData(settings.map.clone()))
                .configure(|config| http::routes(config, &origins, body_bytes))
                .wrap(from_fn(move |request, next| {
                    pass(Arc::clone(&gate), request, next)
                }))
                // Outermost: what is refused at the gate has them too.
                .wrap(http::headers());
            match &hub {
                Some(hub) => app.app_data(web::ThinData(hub.clone())),
                None => app,
            }
        };
        let requests = app().into_factory().map_err(|error| error.error_response());
        let gate = Arc::clone(&gate);
        let welcome = fn_service(move |tcp: TcpStream| {
            let gate = Arc::clone(&gate);
            async move { gate.welcome(tcp).await.map_err(DispatchError::Io) }
        });
        let speak = HttpService::build()
            .client_request_timeout(head_timeout)
            // Never between 1 and 600 ms: the timer may then never fire.
            .client_disconnect_timeout(Duration::ZERO)
            .h2_initial_window_size(HTTP2_WINDOW)
            .h2_initial_connection_window_size(HTTP2_WINDOW * 2)
            .on_connect_ext(|link: &Link, data| {
                data.insert(link.watch());
            })
            .upgrade(ws::upgrade(app()))
            .finish(map_config(requests, |()| AppConfig::default()));
        welcome.and_then(speak)
    };
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections)
        .disable_signals()
        .shutdown_timeout(1)
        .listen("ridecast", listener, services)
        .map_err(|error| AppError::Bind(bind, error))?;
    Ok(server.run())
}
