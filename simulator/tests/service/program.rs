//! The program as scripts use it.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fake::{SECRET, Service, Whims};
use crate::helsinki_file;

fn program(url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ridecast-simulator"));
    command
        .args(args)
        .env("RIDECAST_SIM_URL", url)
        .env("RIDECAST_SIM_NETWORK", helsinki_file())
        .env("RIDECAST_SIM_RIDES", "0")
        .env("RIDECAST_AUTH_SECRET", SECRET);
    command
}

async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_run_ends_with_0_and_a_summary() {
    let service = Service::start(Whims::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("summary.json");
    let summary = file.to_str().unwrap();
    let args = ["run", "--drivers=5", "--riders=2", "--for=2s", "--json"];
    let mut command = program(&service.url, &args);
    command.args(["--summary", summary]);
    let output = output(command).await;
    assert!(output.status.success(), "{output:?}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let written: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(printed, written);
    assert_eq!(printed["updates_sent"], service.books().received());
    let lines = String::from_utf8(output.stderr).unwrap();
    assert!(lines.contains("Preparing routes"), "plain lines: {lines:?}");
    assert!(!lines.contains('\u{1b}'), "no terminal, no bars: {lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_from_the_command_line_tells_of_its_fixes() {
    let service = Service::start(Whims::default()).await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cabs.csv");
    let args = ["replay", file, "--riders=2", "--speed=5"];
    let output = output(program(&service.url, &args)).await;
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{table}");
    assert!(
        table.contains("8 in the file, 8 in the time played"),
        "{table}"
    );
    assert!(table.contains("position_out_of_order 1"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_delivered_is_a_failure() {
    // Bound and dropped: nobody listens there.
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let args = ["run", "--drivers=2", "--riders=1", "--for=1s"];
    let output = output(program(&url, &args)).await;
    assert_eq!(output.status.code(), Some(1));
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("nothing was delivered"), "{table}");
    assert!(table.contains("connect_failed"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_begin_is_an_error_in_words() {
    for (args, words) in [
        (
            ["run", "--network=no-such-file.pbf"],
            "is no city to drive in",
        ),
        (["replay", "no-such-file.csv"], "cannot be replayed"),
        (["run", "--url=http://example.org"], "must begin with ws://"),
        (["run", "--rate=0"], "the rate must be above 0"),
        (["run", "--flaky=1"], "must be 0 or more and below 1"),
        (["run", "--accept=0.95"], "together at most 1"),
    ] {
        let output = output(program("ws://127.0.0.1:1", &args)).await;
        assert!(!output.status.success());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(words), "{args:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_it_within_two_seconds_with_the_report() {
    let service = Service::start(Whims::default()).await;
    let args = ["run", "--drivers=5", "--riders=2"];
    let mut command = program(&service.url, &args);
    command.stdout(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while service.books().passed_on < 10 {
        assert!(Instant::now() < deadline, "nothing was delivered");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let kill = format!("kill -INT {}", child.id());
    let interrupted = Instant::now();
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    let ending = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let output = ending.await.unwrap();
    let took = interrupted.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{table}");
    assert!(table.contains("updates sent"), "{table}");
}
