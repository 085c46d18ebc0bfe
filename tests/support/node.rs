//! A real process of the program, as operators run it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use crate::service::SECRET;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ridecast");

pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    child: Child,
    /// Keeps the log's pipe read: a full one would stop the process.
    log: Receiver<String>,
}

impl Node {
    /// `ridecast serve` with these arguments, on a port of its own. With the tests' secret, unless
    /// they say by what tokens are checked.
    pub(crate) fn serve(arguments: &[&str]) -> Self {
        Self::serve_by(&[PROGRAM], arguments)
    }

    /// The same, started by another program, which is given the service's as its argument.
    pub(crate) fn serve_by(starter: &[&str], arguments: &[&str]) -> Self {
        let program = (starter != [PROGRAM]).then_some(PROGRAM);
        let mut all: Vec<_> = starter.iter().copied().chain(program).collect();
        all.push("serve");
        if !arguments.iter().any(|it| it.starts_with("--auth-")) {
            all.extend(["--auth-secret", SECRET]);
        }
        all.extend(arguments);
        Self::run(&all, |line| Some(line.split_once("address=")?.1.trim()))
    }

    /// `ridecast demo` with these arguments.
    pub(crate) fn demo(arguments: &[&str]) -> Self {
        let mut all = vec![PROGRAM, "demo"];
        all.extend(arguments);
        Self::run(&all, |line| line.split_once("http://")?.1.split('/').next())
    }

    fn run(arguments: &[&str], address_in: impl Fn(&str) -> Option<&str>) -> Self {
        let mut child = Command::new(arguments[0])
            .args(&arguments[1..])
            .args(["--bind", "127.0.0.1:0", "--workers", "2"])
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (tell, log) = channel();
        let out = child.stdout.take().expect("piped");
        let err = child.stderr.take().expect("piped");
        read(out, tell.clone());
        read(err, tell);
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut said = Vec::new();
        let address = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = log.recv_timeout(left) else {
                panic!("it never said where it listens, but {said:#?}");
            };
            if let Some(address) = address_in(&line) {
                break address.parse().unwrap_or_else(|_| panic!("{line}"));
            }
            said.push(line);
        };
        Self {
            address,
            child,
            log,
        }
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(mut self) {
        self.crash();
    }

    /// The same, where it is one of several.
    pub(crate) fn crash(&mut self) {
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
    }

    pub(crate) fn signal(&self, name: &str) {
        let script = ["-c", "kill -$0 $1", name, &self.child.id().to_string()];
        let status = Command::new("sh").args(script).status().expect("sh");
        assert!(status.success(), "kill -{name}");
    }

    /// Waits for its end.
    pub(crate) async fn ended_within(&mut self, longest: Duration) -> ExitStatus {
        let deadline = Instant::now() + longest;
        loop {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                return status;
            }
            assert!(Instant::now() < deadline, "it still runs after {longest:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What it has logged since it listens, up to its end.
    pub(crate) fn logged_to_the_end(&self) -> Vec<String> {
        self.log.iter().collect()
    }

    /// Bytes that its files may grow to from now on: a number, or `unlimited`.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let status = Command::new("prlimit")
            .args(["--pid", &self.child.id().to_string()])
            .arg(format!("--fsize={bytes}:"))
            .status();
        assert!(
            status.expect("prlimit").success(),
            "prlimit --fsize={bytes}"
        );
    }

    /// The files and sockets it has open, by what they are.
    pub(crate) fn open_files(&self) -> Vec<String> {
        let files = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        let files = files.expect("it runs").map_while(Result::ok);
        // One that was closed since leads nowhere.
        let files = files.filter_map(|file| std::fs::read_link(file.path()).ok());
        files.map(|file| file.display().to_string()).collect()
    }

    /// Memory in use, KiB.
    pub(crate) fn rss_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kib.and_then(|kib| kib.trim().parse().ok())
            .expect("a number")
    }
}

fn read(pipe: impl std::io::Read + Send + 'static, tell: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            // The test may have ended: go on reading.
            let _ = tell.send(line);
        }
    });
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
