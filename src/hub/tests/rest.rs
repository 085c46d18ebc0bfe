use super::*;

const MAX_DELAY: Duration = Duration::from_millis(51);

fn rest_ms(cost_us: u64) -> f64 {
    rest_after(Duration::from_micros(cost_us), MAX_DELAY).as_secs_f64() * 1e3
}

#[test]
fn an_idle_thread_hardly_rests() {
    assert!(rest_ms(0) < f64::EPSILON);
    assert!(rest_ms(20) < 0.2);
}

#[test]
fn a_move_waits_no_longer_while_the_thread_has_time_left() {
    for cost_us in (0..12_000).step_by(100) {
        let cost_ms = f64::from(u32::try_from(cost_us).unwrap()) / 1e3;
        // The round under way, the rest, its own round.
        let wait_ms = cost_ms + rest_ms(cost_us) + cost_ms;
        assert!(wait_ms <= 51.0, "{wait_ms} ms with rounds of {cost_ms} ms");
    }
}

#[test]
fn half_of_the_time_is_left_to_others_however_long_rounds_are() {
    for cost_us in [13_000, 50_000, 1_000_000] {
        assert!(rest_ms(cost_us) * 1e3 >= f64::from(u32::try_from(cost_us).unwrap()));
    }
}
