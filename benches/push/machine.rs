//! Where figures come from.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::peers::{Peer, peers_folder};

/// Processor, kernel, date, and the versions of the peers that are installed.
pub(crate) fn describe() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map(|line| line.trim_start_matches([' ', '\t', ':']));
    let peers = Peer::ALL.into_iter().filter(|peer| peer.is_installed());
    let versions = peers.filter_map(|peer| Some((peer.name().to_owned(), version(peer)?.into())));
    json!({
        "cpu": model,
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "date": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        "versions": Value::Object(versions.collect::<Map<_, _>>()),
    })
}

fn version(peer: Peer) -> Option<String> {
    match peer {
        Peer::Yardstick(_) => None,
        Peer::UWebSockets => of_package("uwebsockets"),
        Peer::Ws => of_package("ws"),
        Peer::SocketIo => of_package("socket.io"),
        Peer::Nchan => said_by("/usr/sbin/nginx", "-v"),
        Peer::Nats => said_by("nats-server", "--version"),
        Peer::Mosquitto => said_by("/usr/sbin/mosquitto", "-h"),
        Peer::Redis => said_by("redis-server", "--version"),
    }
}

fn of_package(name: &str) -> Option<String> {
    let package = Path::new("node_modules").join(name).join("package.json");
    let package = fs::read(peers_folder().join(package)).ok()?;
    let package: Value = serde_json::from_slice(&package).ok()?;
    package["version"].as_str().map(str::to_owned)
}

/// The first line.
fn said_by(program: &str, flag: &str) -> Option<String> {
    let output = Command::new(program).arg(flag).output().ok()?;
    // nginx says it on its standard error.
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    said.lines().next().map(|line| line.trim().to_owned())
}
