//! A ticket opens one session, however many bring it at once.

use std::net::SocketAddr;

use futures_util::future::join_all;
use ridecast::store::StoreUrl;
use ridecast_protocol::{Role, ServerMessage, Ticket};

use crate::client::{Client, Got, How};
use crate::http::post;
use crate::node::Node;
use crate::redis_server::RedisServer;
use crate::service::{Service, token};

async fn ticket(address: SocketAddr) -> String {
    let token = token("rosa", Role::Rider);
    let reply = post(address, "/v1/tickets", Some(&token), "").await;
    reply.json::<Ticket>().ticket
}

/// How many of those who bring one ticket to these nodes at once get in.
async fn let_in(nodes: &[SocketAddr]) -> usize {
    let how = How {
        ticket: Some(ticket(nodes[0]).await),
        ..How::default()
    };
    let all = nodes.iter().cycle().take(24).map(|address| {
        let how = &how;
        async move {
            let mut client = Client::connect(*address, how).await;
            matches!(client.next().await, Got::Message(ServerMessage::Welcome(_)))
        }
    });
    join_all(all)
        .await
        .into_iter()
        .filter(|is_in| *is_in)
        .count()
}

#[tokio::test]
async fn of_many_at_once_one_gets_in() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = StoreUrl::Embedded(folder.path().join("store"));
    for store in [StoreUrl::Memory, embedded] {
        let service = Service::start_with(|settings| settings.store = store);
        for _ in 0..5 {
            assert_eq!(let_in(&[service.address]).await, 1);
        }
    }
}

#[tokio::test]
async fn of_many_at_two_nodes_one_gets_in() {
    let redis = RedisServer::start();
    let url = redis.url();
    let (a, b) = (
        Node::serve(&["--store", &url]),
        Node::serve(&["--store", &url]),
    );
    for _ in 0..5 {
        assert_eq!(let_in(&[a.address, b.address]).await, 1);
        assert_eq!(let_in(&[b.address, a.address]).await, 1);
    }
}
