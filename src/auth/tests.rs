use ridecast_protocol::Revocation;

use super::*;

const SECRET: &str = "a secret of thirty-two bytes, yes";

#[test]
fn a_token_names_who_it_was_signed_for() {
    let auth = Auth::new(SECRET).unwrap();
    let token = auth
        .sign(
            UserId::new("d1").unwrap(),
            Role::Driver,
            Duration::from_mins(1),
        )
        .unwrap();
    let person = auth.check(&token).unwrap();
    assert_eq!((person.user.as_str(), person.role), ("d1", Role::Driver));
}

#[test]
fn a_token_that_was_good_is_good_until_it_expires_and_no_other_is() {
    let auth = Auth::new(SECRET).unwrap();
    let user = UserId::new("d1").unwrap();
    let sign = |ttl| auth.sign(user.clone(), Role::Rider, ttl).unwrap();
    let token = sign(Duration::from_secs(2));
    let person = auth.check_again(&token).unwrap();
    assert_eq!(auth.check_again(&token), Ok(person.clone()));
    // The same claims under another signature, and the same signature over others.
    let (claims, signature) = token.rsplit_once('.').unwrap();
    let longer = sign(Duration::from_hours(1));
    let (others, forged) = longer.rsplit_once('.').unwrap();
    for token in [
        format!("{claims}.{forged}"),
        format!("{others}.{signature}"),
        format!("{token} "),
        claims.to_owned(),
    ] {
        let again = auth.check_again(&token);
        assert!(matches!(again, Err(AuthError::Invalid(_))), "{again:?}");
    }
    assert_eq!(auth.good.read().len(), 1);

    let expired = Person {
        expires_at_s: now_ms() / 1000,
        ..person
    };
    let generation = auth.keys.now().generation;
    let expired = Good {
        person: expired,
        generation,
    };
    auth.good.write().insert(token.as_str().into(), expired);
    assert_eq!(auth.check_again(&token), Err(AuthError::Expired));
    assert!(auth.good.read().is_empty());
}

#[test]
fn remembered_tokens_are_bounded() {
    let auth = Auth::new(SECRET).unwrap();
    for n in 0..=Auth::MOST_GOOD {
        let user = UserId::new(format!("d{n}")).unwrap();
        let token = auth.sign(user, Role::Driver, Duration::from_mins(1));
        auth.check_again(&token.unwrap()).unwrap();
        assert!(auth.good.read().len() <= Auth::MOST_GOOD);
    }
}

#[test]
fn what_is_not_ours_or_over_is_refused() {
    let auth = Auth::new(SECRET).unwrap();
    let other = Auth::new("another secret of thirty-two bytes").unwrap();
    let user = || UserId::new("d1").unwrap();
    let foreign = other
        .sign(user(), Role::Driver, Duration::from_mins(1))
        .unwrap();
    assert!(matches!(auth.check(&foreign), Err(AuthError::Invalid(_))));
    let old = Person {
        user: user(),
        role: Role::Driver,
        expires_at_s: now_ms() / 1000 - 1,
        issued_at_s: None,
        token: None,
    };
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let old = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &old, &key).unwrap();
    assert_eq!(auth.check(&old), Err(AuthError::Expired));
    // {"alg":"none"} with good claims and no signature.
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJkMSIsInJvbGUiOiJkcml2ZXIiLCJleHAiOjk5OTk5OTk5OTl9.";
    assert!(auth.check(none).is_err());
    assert!(auth.check("rubbish").is_err());
    assert!(matches!(Auth::new("short"), Err(AuthError::WeakSecret)));
}

fn revocation(user: Option<&str>, jti: Option<&str>, until_ms: i64) -> Revocation {
    Revocation {
        user: user.map(|user| UserId::new(user).unwrap()),
        jti: jti.map(|jti| TokenId::new(jti).unwrap()),
        revoked_at_ms: now_ms(),
        until_ms,
    }
}

#[test]
fn a_remembered_token_that_is_revoked_is_refused() {
    let auth = Auth::new(SECRET).unwrap();
    let later = now_ms() + 60_000;
    let sign = |user: &str| {
        let user = UserId::new(user).unwrap();
        auth.sign(user, Role::Rider, Duration::from_mins(1))
            .unwrap()
    };
    let (one, other) = (sign("r1"), sign("r2"));
    auth.check_again(&one).unwrap();
    let person = auth.check_again(&other).unwrap();
    auth.revoked()
        .add(&revocation(Some("r1"), None, later), now_ms());
    assert_eq!(auth.check_again(&one), Err(AuthError::Revoked));
    assert_eq!(auth.check(&one), Err(AuthError::Revoked));
    assert!(auth.check_again(&other).is_ok());
    let jti = person.token.unwrap();
    auth.revoked()
        .add(&revocation(None, Some(jti.as_str()), later), now_ms());
    assert_eq!(auth.check_again(&other), Err(AuthError::Revoked));
}

#[test]
fn a_user_is_revoked_up_to_the_second_and_no_further() {
    let auth = Auth::new(SECRET).unwrap();
    let revocation = revocation(Some("r1"), None, now_ms() + 60_000);
    auth.revoked().add(&revocation, now_ms());
    let issued = |issued_at_s| Person {
        user: UserId::new("r1").unwrap(),
        role: Role::Rider,
        expires_at_s: now_ms() / 1000 + 60,
        issued_at_s,
        token: None,
    };
    let then_s = revocation.revoked_at_ms / 1000;
    for (issued_at_s, is_revoked) in [
        (Some(0), true),
        (Some(then_s), true),
        (Some(then_s + 1), false),
        (None, true),
    ] {
        let revoked = auth.still_good(&issued(issued_at_s)) == Err(AuthError::Revoked);
        assert_eq!(revoked, is_revoked, "{issued_at_s:?}");
    }
    // Beyond its end nothing is left of it.
    let person = issued(Some(0));
    assert!(!auth.revoked().has(&person, revocation.until_ms));
    assert_eq!(auth.revoked().forget(revocation.until_ms), 0);
}

#[test]
fn revocations_are_bounded_and_those_that_are_over_make_room() {
    let revoked = Revoked::default();
    let now_ms = now_ms();
    for n in 0..Revoked::MOST {
        let jti = format!("t{n}");
        let until_ms = now_ms + if n == 0 { 1 } else { 60_000 };
        assert!(revoked.add(&revocation(None, Some(&jti), until_ms), now_ms));
    }
    let more = |name| revocation(None, Some(name), now_ms + 60_000);
    assert!(!revoked.add(&more("one more"), now_ms));
    assert!(revoked.add(&more("one more"), now_ms + 1));
    assert!(!revoked.add(&more("and another"), now_ms + 1));
}

#[test]
fn public_keys_alone_sign_nothing() {
    let settings = Settings {
        sources: vec![KeySource::Pem("/nowhere.pem".into())],
        ..Settings::default()
    };
    let auth = Auth::of(&settings, AuthMetrics::default()).unwrap();
    let user = UserId::new("r1").unwrap();
    assert_eq!(
        auth.sign(user, Role::Rider, Duration::from_mins(1)),
        Err(AuthError::NothingToSignWith)
    );
    let nothing = Auth::of(&Settings::default(), AuthMetrics::default());
    assert!(matches!(nothing, Err(AuthError::NoKey)));
}
