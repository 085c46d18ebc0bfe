//! What can be checked of the containers without an engine to run them: what
//! the files pass to the programs, copy and mount, exists.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};
use ridecast::config::Cli;
use yaml_rust2::{Yaml, YamlLoader};

const SECRET: &str = "a secret of thirty-two bytes, yes";

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn exists(path: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists()
}

fn compose() -> Yaml {
    YamlLoader::load_from_str(&read("docker-compose.yml"))
        .expect("docker-compose.yml is YAML")
        .remove(0)
}

fn services(compose: &Yaml) -> BTreeMap<&str, &Yaml> {
    let services = compose["services"].as_hash().expect("services");
    let named = |(name, service)| (Yaml::as_str(name).expect("a name"), service);
    services.iter().map(named).collect()
}

fn texts(list: &Yaml) -> Vec<&str> {
    let items = list.as_vec().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Yaml::as_str).collect()
}

fn keys(map: &Yaml) -> Vec<&str> {
    let map = map.as_hash().into_iter().flatten();
    map.filter_map(|(key, _)| key.as_str()).collect()
}

/// The variables of a service; those that compose asks its caller for have some value.
fn environment(service: &Yaml) -> BTreeMap<String, String> {
    let variables = service["environment"].as_hash().into_iter().flatten();
    variables
        .map(|(name, value)| {
            // Compose takes numbers for text, but says so of nothing else.
            let (name, value) = (
                name.as_str().unwrap(),
                value
                    .as_str()
                    .expect("a variable in quotes, unless it is plain text"),
            );
            let value = if value.starts_with("${") {
                SECRET
            } else {
                value
            };
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// An instruction of a Dockerfile, and what stands after it on its lines.
fn dockerfile() -> Vec<(String, String)> {
    let text = read("Dockerfile").replace("\\\n", " ");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .map(|(instruction, rest)| (instruction.to_owned(), rest.trim().to_owned()))
        .collect()
}

fn of_dockerfile(instruction: &str) -> Vec<String> {
    let all = dockerfile().into_iter();
    all.filter(|(name, _)| name == instruction)
        .map(|(_, rest)| rest)
        .collect()
}

/// The variables that the image sets for its programs.
fn image_environment() -> BTreeMap<String, String> {
    let last = of_dockerfile("ENV").pop().expect("ENV in the last stage");
    let variables = last.split_whitespace();
    variables
        .map(|variable| variable.split_once('=').expect("NAME=value"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Runs the program's own parser over the command line, the variables put in as flags.
fn parse(command: &[&str], environment: &BTreeMap<String, String>) -> Cli {
    let cli = Cli::command();
    let subcommand = cli.find_subcommand(command[0]).expect("a subcommand");
    let mut line: Vec<String> = ["ridecast"]
        .iter()
        .chain(command)
        .map(|&word| word.into())
        .collect();
    for (name, value) in environment {
        let argument = subcommand
            .get_arguments()
            .chain(cli.get_arguments())
            .find(|argument| {
                argument
                    .get_env()
                    .is_some_and(|env| env.to_str() == Some(name))
            });
        let long = argument.and_then(|argument| argument.get_long());
        let long = long.unwrap_or_else(|| panic!("`ridecast {}` knows no {name}", command[0]));
        line.push(format!("--{long}={value}"));
    }
    Cli::try_parse_from(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
}

/// Variables that the simulator reads; its command line is in its program alone.
fn simulator_variables() -> BTreeSet<String> {
    let source = read("simulator/src/bin/ridecast-simulator/cli.rs");
    let parts = source.split("env = \"").skip(1);
    let names: BTreeSet<_> = parts
        .filter_map(|part| part.split('"').next())
        .map(str::to_owned)
        .collect();
    assert!(
        names.contains("RIDECAST_AUTH_SECRET"),
        "the source reads otherwise now: {names:?}"
    );
    names
}

fn is_node(service: &Yaml) -> bool {
    service["image"].as_str() == Some("ridecast") && service["entrypoint"].is_badvalue()
}

#[test]
fn what_the_compose_file_refers_to_is_in_it() {
    let compose = compose();
    let services = services(&compose);
    let names: Vec<_> = services.keys().copied().collect();
    assert_eq!(
        names,
        ["balancer", "node-a", "node-b", "redis", "simulator"]
    );
    let volumes = keys(&compose["volumes"]);
    for (name, service) in &services {
        assert!(service["image"].as_str().is_some(), "{name} has an image");
        for other in keys(&service["depends_on"]) {
            let condition = service["depends_on"][other]["condition"].as_str();
            let healthy = condition == Some("service_healthy");
            let checked = !services[other]["healthcheck"].is_badvalue() || is_node(services[other]);
            assert!(
                !healthy || checked,
                "{name} waits for the health of {other}, which is not checked"
            );
        }
        for mount in texts(&service["volumes"]) {
            let from = mount.split(':').next().unwrap();
            let there = if from.starts_with('.') {
                exists(from)
            } else {
                volumes.contains(&from)
            };
            assert!(there, "{name} mounts {from}");
        }
        let profiles = texts(&service["profiles"]);
        assert_eq!(profiles.is_empty(), *name != "simulator", "{name}");
    }
    assert!(
        services
            .values()
            .any(|service| service["build"].as_str() == Some("."))
    );
}

#[test]
fn redis_keeps_what_it_is_given() {
    let compose = compose();
    let redis = &compose["services"]["redis"];
    let command = texts(&redis["command"]).join(" ");
    assert!(
        command.starts_with("redis-server --appendonly yes"),
        "{command}"
    );
    assert!(
        texts(&redis["volumes"])
            .iter()
            .any(|mount| mount.ends_with(":/data"))
    );
}

#[test]
fn the_nodes_are_told_what_they_understand() {
    let compose = compose();
    let nodes: Vec<_> = services(&compose)
        .into_iter()
        .filter(|(_, service)| is_node(service))
        .collect();
    assert_eq!(nodes.len(), 2);
    for (_, node) in nodes {
        let mut environment = environment(node);
        let asked = node["environment"]["RIDECAST_AUTH_SECRET"]
            .as_str()
            .unwrap();
        assert!(
            asked.starts_with("${RIDECAST_AUTH_SECRET:?"),
            "no secret of everybody's: {asked}"
        );
        for (name, value) in image_environment() {
            if !name.starts_with("RIDECAST_SIM_") {
                environment.entry(name).or_insert(value);
            }
        }
        parse(&texts(&node["command"]), &environment);
    }
}

#[test]
fn the_image_alone_runs_with_nothing_but_a_secret() {
    let mut environment = image_environment();
    environment.retain(|name, _| !name.starts_with("RIDECAST_SIM_"));
    environment.insert("RIDECAST_AUTH_SECRET".into(), SECRET.into());
    assert_eq!(of_dockerfile("ENTRYPOINT"), [r#"["ridecast"]"#]);
    assert_eq!(of_dockerfile("CMD"), [r#"["serve"]"#]);
    parse(&["serve"], &environment);
}

#[test]
fn our_own_programs_can_write_nothing_and_have_no_rights() {
    let compose = compose();
    let services = services(&compose);
    for name in ["node-a", "node-b", "simulator"] {
        let service = services[name];
        assert_eq!(service["read_only"].as_bool(), Some(true), "{name}");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        let options = texts(&service["security_opt"]);
        assert!(options.contains(&"no-new-privileges:true"), "{name}");
    }
    let user = read("Dockerfile");
    assert!(user.lines().any(|line| line == "USER ridecast"));
}

#[test]
fn the_simulator_is_told_what_it_understands() {
    let compose = compose();
    let service = &compose["services"]["simulator"];
    assert_eq!(texts(&service["entrypoint"]), ["ridecast-simulator"]);
    assert_eq!(texts(&service["command"]), ["run"]);
    let known = simulator_variables();
    let image = image_environment()
        .into_keys()
        .filter(|name| name.starts_with("RIDECAST_SIM_"));
    for name in environment(service).into_keys().chain(image) {
        assert!(known.contains(&name), "the simulator knows no {name}");
    }
    let url = &environment(service)["RIDECAST_SIM_URL"];
    assert_eq!(url, "ws://balancer:8080");
}

#[test]
fn the_balancer_leads_to_the_nodes_and_asks_what_they_answer() {
    let config = read("docker/haproxy.cfg");
    let port = image_environment()["RIDECAST_BIND"]
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    let compose = compose();
    let nodes: BTreeSet<_> = services(&compose)
        .into_iter()
        .filter(|(_, service)| is_node(service))
        .map(|(name, _)| format!("{name}:{port}"))
        .collect();
    let backends = config.split("\nbackend ").skip(1);
    let mut count = 0;
    for backend in backends {
        let servers = backend
            .lines()
            .filter_map(|line| line.trim().strip_prefix("server "));
        let servers: BTreeSet<_> = servers
            .filter_map(|server| server.split_whitespace().nth(1))
            .map(str::to_owned)
            .collect();
        assert_eq!(servers, nodes, "{backend}");
        count += 1;
    }
    assert!(count > 0, "no backend");
    assert!(config.contains("timeout tunnel"), "WebSockets stay open");
    let routes = read("src/http/mod.rs");
    for line in config
        .lines()
        .filter_map(|line| line.trim().strip_prefix("option httpchk GET "))
    {
        assert!(
            routes.contains(&format!("\"{line}\"")),
            "nothing answers at {line}"
        );
    }
}

#[test]
fn every_path_that_is_copied_is_there_and_not_left_out() {
    let ignored = read(".dockerignore");
    let copied: Vec<_> = of_dockerfile("COPY")
        .into_iter()
        .filter(|rest| !rest.starts_with("--from="))
        .flat_map(|rest| {
            let mut words: Vec<_> = rest.split_whitespace().map(str::to_owned).collect();
            words.pop();
            words
        })
        .collect();
    assert!(copied.len() > 5, "{copied:?}");
    for path in &copied {
        assert!(exists(path), "{path} is copied and not there");
        assert!(
            !ignored.lines().any(|line| line == path),
            "{path} is copied and ignored"
        );
    }
    // What the build needs besides: whatever cargo reads of the workspace.
    let manifest = read("Cargo.toml");
    let members = manifest
        .split("members = [")
        .nth(1)
        .and_then(|rest| rest.split(']').next())
        .unwrap();
    let members = members.split('"').skip(1).step_by(2);
    for needed in members.chain([
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        "src",
        "web",
        "benches",
    ]) {
        assert!(
            copied.iter().any(|path| path == needed),
            "{needed} is not copied"
        );
    }
}

#[test]
fn what_the_image_points_to_is_in_it() {
    let environment = image_environment();
    for name in ["RIDECAST_NETWORK", "RIDECAST_SIM_NETWORK"] {
        let file = environment[name]
            .strip_prefix("/usr/share/ridecast/")
            .expect("where it is copied to");
        assert!(
            of_dockerfile("COPY").iter().any(|rest| rest.contains(file)),
            "{file}"
        );
    }
    let programs = of_dockerfile("COPY")
        .into_iter()
        .find(|rest| rest.contains("/target/release/"));
    let programs = programs.expect("the programs");
    assert!(
        programs.contains("release/ridecast ") && programs.contains("release/ridecast-simulator ")
    );
    assert!(exists("simulator/src/bin/ridecast-simulator/main.rs"));
    assert_eq!(of_dockerfile("USER"), ["ridecast"]);
    assert_eq!(of_dockerfile("EXPOSE"), ["8080"]);
    assert!(of_dockerfile("HEALTHCHECK")[0].contains("/dev/tcp/127.0.0.1/8080"));
}
