//! A real `redis-server` of one test, ended with it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A Redis on a port of its own, which keeps nothing when it is stopped.
pub(crate) struct RedisServer {
    port: u16,
    arguments: Vec<String>,
    directory: TempDir,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts one and waits until it answers.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// As [`start`](Self::start), with more command line arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut server = Self::not_started();
        server.arguments = arguments.iter().map(|&a| a.to_owned()).collect();
        server.run();
        server
    }

    /// Has a port, but nobody listens there until [`run`](Self::run).
    pub(crate) fn not_started() -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        Self {
            port: free.local_addr().expect("its address").port(),
            arguments: Vec::new(),
            directory: tempfile::tempdir().expect("a temporary directory"),
            child: None,
        }
    }

    /// `redis://…`
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it, on the same port every time, and waits until it answers.
    pub(crate) fn run(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let port = self.port.to_string();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port])
            .args(["--save", "", "--appendonly", "no"])
            .args(&self.arguments)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot start redis-server ({error}): it is needed, see scripts/test")
            });
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.answers() {
            let child = self.child.as_mut().expect("started above");
            if let Some(status) = child.try_wait().expect("the state of our own child") {
                panic!("redis-server ended at once ({status}); is port {port} taken?");
            }
            assert!(Instant::now() < deadline, "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("our own child");
            child.wait().expect("our own child");
        }
    }

    /// It hangs: connections stay open, and nothing is answered.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// It goes on after [`pause`](Self::pause).
    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    /// Asks it what the service did to it.
    pub(crate) fn ask<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let client = redis::Client::open(self.url()).expect("a URL of our own");
        let mut connection = client.get_connection().expect("it runs");
        let mut asked = redis::cmd(command[0]);
        asked.arg(&command[1..]);
        asked.query(&mut connection).expect("an answer")
    }

    fn answers(&self) -> bool {
        let Ok(mut socket) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else {
            return false;
        };
        let mut answer = [0; 7];
        // With a password set the answer is an error, which is one too.
        socket.write_all(b"PING\r\n").is_ok()
            && socket.read_exact(&mut answer).is_ok()
            && (&answer == b"+PONG\r\n" || &answer == b"-NOAUTH")
    }

    fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("it runs");
        let status = Command::new("sh")
            .args(["-c", "kill -$0 $1", name, &child.id().to_string()])
            .status();
        assert!(status.expect("sh").success(), "kill -{name}");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
