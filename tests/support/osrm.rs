//! A real `osrm-routed` of one test, ended with it.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// An OSRM on a port of its own, for one extract.
pub(crate) struct OsrmServer {
    port: u16,
    directory: TempDir,
    child: Option<Child>,
}

impl OsrmServer {
    /// Prepares the roads of an extract for cars, and starts one that knows them.
    pub(crate) fn start(extract: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let copy = directory.path().join("roads.osm.pbf");
        std::fs::copy(extract, &copy).expect("room for a copy of the extract");
        let profile = home().join("share/profiles/car.lua");
        let inside = directory.path();
        finish(
            program("osrm-extract").arg("-p").arg(profile).arg(&copy),
            inside,
        );
        finish(
            program("osrm-contract").arg(inside.join("roads.osrm")),
            inside,
        );
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let mut server = Self {
            port: free.local_addr().expect("its address").port(),
            directory,
            child: None,
        };
        drop(free);
        server.run();
        server
    }

    /// `http://…`
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it, on the same port every time, and waits until it listens.
    pub(crate) fn run(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let child = quiet(&mut program("osrm-routed"))
            .args(["--ip", "127.0.0.1", "--port", &self.port.to_string()])
            .arg(self.directory.path().join("roads.osrm"))
            .spawn()
            .expect("osrm-routed ran before");
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let child = self.child.as_mut().expect("started above");
            if let Some(status) = child.try_wait().expect("the state of our own child") {
                panic!("osrm-routed ended at once ({status}); is the port taken?");
            }
            assert!(Instant::now() < deadline, "osrm-routed does not listen");
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
}

impl Drop for OsrmServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where its programs and profiles are: `OSRM_HOME`, or where `scripts/test` puts them.
fn home() -> PathBuf {
    std::env::var_os("OSRM_HOME").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/osrm/osrm"),
        PathBuf::from,
    )
}

fn program(name: &str) -> Command {
    Command::new(home().join("bin").join(name))
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

fn finish(command: &mut Command, inside: &Path) {
    let status = quiet(command).current_dir(inside).status();
    let status = status.unwrap_or_else(|error| {
        panic!("cannot start {command:?} ({error}): OSRM is needed, see scripts/test")
    });
    assert!(status.success(), "{command:?}: {status}");
}
