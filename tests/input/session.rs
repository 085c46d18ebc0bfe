//! The table, sent to sessions.

use std::collections::BTreeSet;

use ridecast_protocol::{ErrorCode, Role, ServerMessage};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::cases::{Case, Expect, cases, short};
use crate::client::{Client, How};
use crate::schema::{allows, samples};
use crate::service::{Service, token};
use crate::spec::{Spec, list, name_of};

/// Codes that say: mend the message.
const MENDS: [ErrorCode; 6] = [
    ErrorCode::BadJson,
    ErrorCode::InvalidMessage,
    ErrorCode::UnknownType,
    ErrorCode::UnknownChannel,
    ErrorCode::PositionOutOfRange,
    ErrorCode::InvalidArea,
];

/// A session may get 50 wrong at once, and ask for 60 things about rides.
const CASES_PER_SESSION: usize = 40;

const ROLES: [Role; 3] = [Role::Driver, Role::Rider, Role::Operator];

/// The names of all messages from clients, which are those of their schemas.
fn messages(spec: &Spec) -> BTreeSet<&str> {
    let operations = spec.0["operations"].as_object().unwrap().values();
    let receiving =
        operations.filter(|it| it["action"] == "receive" && name_of(&it["channel"]) == "session");
    receiving
        .flat_map(|operation| list(operation, "/messages"))
        .map(name_of)
        .collect()
}

/// What the schema allows and the prose does not.
fn is_told_in_prose(kind: &str, sample: &Value, case: &Case) -> bool {
    case.expect == Expect::Read
        && match kind {
            // Beyond what the session was sent.
            "ack" => serde_json::from_str::<Value>(&case.text)
                .is_ok_and(|message| message["offset"] != sample["offset"]),
            // A ride's subscription cannot be moved.
            "update" => sample["channel"]["kind"] == "ride",
            // `text` or `quick`, one of them, and `text` has a letter at least.
            "send_chat" => serde_json::from_str::<Value>(&case.text)
                .is_ok_and(|message| message["text"].is_null() && message["quick"].is_null()),
            _ => false,
        }
}

/// One person's sessions, one after the other, each with some cases.
struct Tester<'a> {
    service: &'a Service,
    role: Role,
    client: Option<Client>,
    sent: usize,
    sessions: usize,
    last_id: u64,
}

impl<'a> Tester<'a> {
    const fn new(service: &'a Service, role: Role) -> Self {
        Self {
            service,
            role,
            client: None,
            sent: 0,
            sessions: 0,
            // The cases have ids of their own.
            last_id: 1_000,
        }
    }

    async fn client(&mut self) -> &mut Client {
        self.sent += 1;
        if self.client.is_none() || self.sent > CASES_PER_SESSION {
            (self.sent, self.sessions) = (1, self.sessions + 1);
            // Another person each time: nobody takes the place of a driver before.
            let user = format!("p{}", self.sessions);
            let mut client = Client::open(self.service.address, &user, self.role).await;
            if self.role == Role::Driver {
                client
                    .ok(json!({"type": "go_online", "vehicle": {"class": "car"}}))
                    .await;
            }
            self.client = Some(client);
        }
        self.client.as_mut().unwrap()
    }

    /// Sends it; what the answer is, if there must be one.
    async fn answer(&mut self, case: &Case, sample: &Value) -> Option<Value> {
        self.last_id += 1;
        let again = json!(self.last_id);
        let client = self.client().await;
        client.send_raw(Message::text(case.text.clone())).await;
        let must_answer = case.id.is_some() || case.expect != Expect::Read;
        let mut answer = None;
        if must_answer {
            answer = Some(serde_json::to_value(client.answer().await).unwrap());
        } else {
            // A success without an id is not answered. The same again, with one, comes after it.
            let mut message = sample.clone();
            message["id"] = again.clone();
            client.send(&message).await;
            loop {
                let next = serde_json::to_value(client.answer().await).unwrap();
                if next["id"] == again {
                    break;
                }
                assert!(
                    next["id"].is_null() && answer.is_none(),
                    "{next} and {answer:?}"
                );
                answer = Some(next);
            }
        }
        // The session lives, and nothing else was said.
        client.settle().await;
        let others = client.complaints();
        assert!(
            others.is_empty(),
            "{} was also answered by {others:?}",
            case.what
        );
        answer
    }
}

/// The codes of an answer: of an error, or of the positions that were not taken.
fn codes(answer: &Value) -> Vec<ErrorCode> {
    let refused = answer["refused"].as_array();
    let refused = refused.into_iter().flatten().map(|it| &it["code"]);
    refused
        .chain(answer.get("code"))
        .map(|code| serde_json::from_value(code.clone()).unwrap())
        .collect()
}

fn check(kind: &str, case: &Case, answer: Option<&Value>) -> Result<(), String> {
    let complain = |why: &str| {
        let answer = answer.map_or_else(String::new, ToString::to_string);
        let (what, text) = (&case.what, short(&case.text));
        Err(format!(
            "{kind}: {what}: {why}: {text} was answered by {}",
            short(&answer)
        ))
    };
    let Some(answer) = answer else { return Ok(()) };
    if answer["id"] != json!(case.id) {
        return complain("another id");
    }
    if answer["type"] == "error" && answer["message"].as_str().is_none_or(str::is_empty) {
        return complain("no words");
    }
    let codes = codes(answer);
    let mends = codes.iter().any(|code| MENDS.contains(code));
    match case.expect {
        Expect::Unreadable if codes != [ErrorCode::BadJson] => complain("it is no JSON"),
        Expect::Refused if !mends => complain("it is not as its schema says"),
        // Ends that do not go together are no area, each as it should be.
        Expect::Read if mends && codes != [ErrorCode::InvalidArea] => {
            complain("it is as its schema says")
        }
        _ => Ok(()),
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_message_is_answered_and_the_session_lives() {
    let spec = Spec::load("docs/asyncapi.yaml");
    let service = Service::start();
    let [mut driver, mut rider, mut operator] = ROLES.map(|role| Tester::new(&service, role));
    let (mut count, mut complaints) = (0, Vec::new());
    let messages = messages(&spec);
    assert!(messages.len() >= 20, "{messages:?}");
    // What `hello` says of a token may come after the answers to what was said later; all that can
    // be wrong with it is tried below.
    for kind in messages.into_iter().filter(|&kind| kind != "hello") {
        let schema = &spec.0["components"]["schemas"][kind];
        for sample in samples(&spec, schema, "") {
            assert!(allows(&spec, schema, &sample), "{sample}");
            let mut cases = cases(&spec, schema, &sample);
            cases.retain(|case| !is_told_in_prose(kind, &sample, case));
            // Who may say it.
            let mut may = None;
            for tester in [&mut rider, &mut driver, &mut operator] {
                let client = tester.client().await;
                let answer = client.ask(sample.clone()).await;
                let is_forbidden = matches!(
                    &answer,
                    ServerMessage::Error { error, .. } if error.code == ErrorCode::Forbidden
                );
                if !is_forbidden {
                    may = Some(tester);
                    break;
                }
            }
            let tester = may.unwrap_or_else(|| panic!("nobody may say {sample}"));
            for case in &cases {
                let answer = tester.answer(case, &sample).await;
                complaints.extend(check(kind, case, answer.as_ref()).err());
                count += 1;
            }
        }
    }
    println!("{count} cases");
    assert!(
        complaints.is_empty(),
        "{} of {count}:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
    assert!(count > 2_000, "{count}");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_hello_is_told_before_the_end() {
    let spec = Spec::load("docs/asyncapi.yaml");
    let service = Service::start();
    let schema = &spec.0["components"]["schemas"]["hello"];
    let mut sample = samples(&spec, schema, "").remove(0);
    sample["token"] = json!(token("r1", Role::Rider));
    let mut opened = 0;
    for case in cases(&spec, schema, &sample) {
        let mut client = Client::connect(service.address, &How::default()).await;
        client.send_raw(Message::text(case.text.clone())).await;
        let what = &case.what;
        match client.answer().await {
            ServerMessage::Welcome(_) => {
                assert_eq!(case.expect, Expect::Read, "{what}: {}", short(&case.text));
                client.settle().await;
                opened += 1;
            }
            ServerMessage::Error { error, .. } => {
                // Of those that could be read, one with another token.
                let is_bad_token = error.code == ErrorCode::BadToken;
                assert!(
                    is_bad_token || MENDS.contains(&error.code),
                    "{what}: {error:?}"
                );
                assert!(
                    is_bad_token || case.expect != Expect::Read,
                    "{what}: {error:?}"
                );
                let farewell = client.farewell().await;
                assert_eq!(
                    (farewell.bye, farewell.close),
                    (Some(4500), Some(4500)),
                    "{what}"
                );
            }
            other => panic!("{what} was answered by {other:?}"),
        }
    }
    assert!(opened > 20, "{opened}");
    // And a place to resume from that is none.
    for resume in [
        "",
        ".",
        "x",
        "x.",
        ".1",
        "x.-1",
        "x.99999999999999999999",
        "%00.%ff",
        "a.b.1",
    ] {
        let how = How {
            bearer: Some(token("r1", Role::Rider)),
            resume: Some(resume.to_owned()),
            ..How::default()
        };
        let welcome = Client::connect(service.address, &how).await.welcome().await;
        assert_eq!(welcome.recovered, Some(false), "{resume}");
    }
}
