//! What the kernel says of a process.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Ticks of a second in `/proc/PID/stat` (`USER_HZ`, 100 on every Linux).
const TICKS_PER_S: f64 = 100.0;
const STARTS_WITHIN: Duration = Duration::from_secs(20);

/// Processor time that a process has used so far, user and system, all threads, seconds.
pub(crate) fn cpu_s(pid: u32) -> f64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return 0.0;
    };
    // The name in parentheses may have spaces.
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: Vec<f64> = after_name
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse().ok())
        .collect();
    ticks.iter().sum::<f64>() / TICKS_PER_S
}

/// A line of `/proc/PID/status`, KiB.
fn status_kib(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim_start_matches(':').split_whitespace().next())
        .and_then(|kib| kib.parse().ok())
        .unwrap_or(0)
}

/// Memory in use, KiB; without what the kernel keeps for sockets.
pub(crate) fn rss_kib(pid: u32) -> u64 {
    status_kib(pid, "VmRSS")
}

/// The most memory it ever used, KiB.
pub(crate) fn peak_kib(pid: u32) -> u64 {
    status_kib(pid, "VmHWM")
}

/// A server under measurement. Ends with this.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a program that says `address=…` on its standard error.
    pub(crate) fn start_telling(command: &mut Command) -> (Self, SocketAddr) {
        let mut process = Self::start(command.stderr(Stdio::piped()));
        let (tell, lines) = channel();
        let out = process.child.stderr.take().expect("piped");
        std::thread::spawn(move || read_lines(out, |line| tell.send(line).is_ok()));
        let deadline = Instant::now() + STARTS_WITHIN;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = lines.recv_timeout(left);
            let line = line.expect("the server says where it listens");
            let address = line.split_once("address=");
            if let Some(address) = address.and_then(|(_, address)| address.trim().parse().ok()) {
                // The pipe is read on, or a full one would stop the server.
                std::thread::spawn(move || while lines.recv().is_ok() {});
                return (process, address);
            }
        }
    }

    /// Starts a program that will listen at an address given to it.
    pub(crate) fn start_at(command: &mut Command, address: SocketAddr) -> Self {
        let process = Self::start(command.stderr(Stdio::null()));
        let deadline = Instant::now() + STARTS_WITHIN;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        process
    }

    fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Self {
            child: child.unwrap_or_else(|error| panic!("{command:?}: {error}")),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(out: impl Read, mut tell: impl FnMut(String) -> bool) {
    for line in BufReader::new(out).lines() {
        let Ok(line) = line else { return };
        if !tell(line) {
            return;
        }
    }
}

/// An address on this machine that nobody listens at.
pub(crate) fn free_address() -> SocketAddr {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    free.local_addr().expect("its address")
}
