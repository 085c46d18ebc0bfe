//! Takes a connection over from HTTP.
//!
//! The request goes through the application like any other, whose handler answers it. Only when
//! that answer is 101, the socket is ours: actix would otherwise keep some 10 KiB of buffers and
//! a state machine for HTTP around it, through which each frame has to go (see ARCHITECTURE).

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use actix_codec::{AsyncRead, AsyncWrite, Framed};
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Request, StatusCode};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, fn_factory, fn_service};
use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody, to_bytes};
use actix_web::dev::{AppConfig, ServiceResponse};
use futures_util::SinkExt as _;

use super::frames::{Frames, MOST_BYTES};
use super::outgoing::send;
use super::socket::Socket;
use super::{Arrival, Guest};

/// Handed from the handler to [`take_over`] with its answer.
pub(super) struct Handover(Cell<Option<Arrival>>);

impl Handover {
    pub(super) const fn new(arrival: Arrival) -> Self {
        Self(Cell::new(Some(arrival)))
    }
}

/// The service for requests to upgrade. `app`: an application of its own, with the same routes.
pub fn upgrade<T, A, F, B>(
    app: F,
) -> impl ServiceFactory<
    (Request, Framed<T, Codec>),
    Config = (),
    Response = (),
    Error = actix_web::Error,
    InitError = (),
>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    F: IntoServiceFactory<A, Request>,
    A: ServiceFactory<
            Request,
            Config = AppConfig,
            Response = ServiceResponse<B>,
            Error = actix_web::Error,
            InitError = (),
        > + 'static,
    A::Service: 'static,
    B: MessageBody + 'static,
{
    let app = Rc::new(app.into_factory());
    fn_factory(move || {
        let app = Rc::clone(&app);
        async move {
            let app = Rc::new(app.new_service(AppConfig::default()).await?);
            Ok(fn_service(move |(request, framed)| {
                let app = Rc::clone(&app);
                async move { Ok(answer(&*app, request, framed).await?) }
            }))
        }
    })
}

async fn answer<T, A, B>(app: &A, request: Request, framed: Framed<T, Codec>) -> io::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    A: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody + 'static,
{
    let response = match app.call(request).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        take_over(response, framed).await
    } else {
        refuse(response, framed).await
    }
}

async fn take_over<T>(response: HttpResponse, mut framed: Framed<T, Codec>) -> io::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let handover = response
        .extensions()
        .get::<Handover>()
        .map(|it| it.0.take());
    let Some(Some(arrival)) = handover else {
        return Err(io::Error::other("101 without a handover"));
    };
    let head = response.drop_body().into();
    framed.send(Message::Item((head, BodySize::None))).await?;
    let parts = framed.into_parts();
    let socket = Socket::new(parts.io);
    let (seat, deflate) = (arrival.seat, arrival.deflate);
    actix_web::rt::spawn(send(arrival.feed, socket.clone(), deflate));
    let incoming = |most_bytes| Frames::new(socket, parts.read_buf, most_bytes, deflate.is_some());
    match arrival.guest {
        Guest::Person { door, place, who } => {
            let door = door.into_inner();
            actix_web::rt::spawn(door.admit(seat, place, incoming(MOST_BYTES), who));
        }
        #[cfg(feature = "conformance")]
        Guest::Suite => {
            actix_web::rt::spawn(super::echo::echo(seat, incoming(super::echo::MOST_BYTES)));
        }
    }
    Ok(())
}

/// Any other answer, after which the connection ends.
async fn refuse<T>(response: HttpResponse, mut framed: Framed<T, Codec>) -> io::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let (mut response, body) = response.into_parts();
    let body = to_bytes(body)
        .await
        .map_err(|error| io::Error::other(error.to_string()))?;
    response
        .head_mut()
        .set_connection_type(ConnectionType::Close);
    let size = BodySize::Sized(body.len() as u64);
    // Together: clients of WebSockets look for a refusal's body only in what came with its head.
    framed.feed(Message::Item((response.into(), size))).await?;
    framed.send(Message::Chunk(Some(body))).await?;
    framed.close().await
}
