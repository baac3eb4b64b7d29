use jiff::civil::{Date, DateTime, date};
use proptest::prelude::*;

use super::*;

fn rule(text: &str) -> Recurrence {
    Recurrence::parse(text).unwrap()
}

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

/// The first times from a moment on, the first one included, on the zone's wall clock.
fn times(text: &str, zone: &str, start: &str, most: usize) -> Vec<String> {
    let zone = Zone::parse(zone).unwrap();
    let mut found = Vec::new();
    let mut next = Some(Recurring::begin(rule(text), zone.clone(), time(start)));
    while let Some(this) = next.filter(|_| found.len() < most) {
        found.push(zone.local(this.at).strftime("%Y-%m-%d %H:%M").to_string());
        next = this.next(this.at);
    }
    found
}

#[test]
fn rules_of_every_kind_choose_their_days() {
    let cases: [(&str, &str, &[&str]); 9] = [
        ("FREQ=DAILY;INTERVAL=10", "2026-03-02T09:00:00Z", &["2026-03-02 09:00", "2026-03-12 09:00", "2026-03-22 09:00"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE", "2026-03-02T09:00:00Z", &["2026-03-02 09:00", "2026-03-04 09:00", "2026-03-09 09:00"]),
        ("FREQ=WEEKLY;INTERVAL=2", "2026-03-04T09:00:00Z", &["2026-03-04 09:00", "2026-03-18 09:00", "2026-04-01 09:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31T09:00:00Z", &["2026-01-31 09:00", "2026-02-28 09:00", "2026-03-31 09:00"]),
        ("FREQ=MONTHLY", "2026-01-31T09:00:00Z", &["2026-01-31 09:00", "2026-03-31 09:00", "2026-05-31 09:00"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2026-03-27T09:00:00Z", &["2026-03-27 09:00", "2026-04-24 09:00", "2026-05-29 09:00"]),
        (
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            "2026-11-26T09:00:00Z",
            &["2026-11-26 09:00", "2027-11-25 09:00", "2028-11-23 09:00"],
        ),
        ("FREQ=YEARLY", "2024-02-29T09:00:00Z", &["2024-02-29 09:00", "2028-02-29 09:00", "2032-02-29 09:00"]),
        (
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "2026-02-13T09:00:00Z",
            &["2026-02-13 09:00", "2026-03-13 09:00", "2026-11-13 09:00"],
        ),
    ];
    for (text, start, expected) in cases {
        assert_eq!(times(text, "UTC", start, 3), expected, "{text}");
    }
}

#[test]
fn a_rule_ends_by_count_or_by_date_and_the_last_time_is_part_of_it() {
    assert_eq!(times("FREQ=DAILY;COUNT=2", "UTC", "2026-03-02T09:00:00Z", 9).len(), 2);
    assert_eq!(times("FREQ=DAILY;UNTIL=20260304", "Asia/Tokyo", "2026-03-02T09:00:00Z", 9).len(), 3);
    assert_eq!(times("FREQ=DAILY;UNTIL=20260304T090000Z", "UTC", "2026-03-02T09:00:00Z", 9).len(), 3);
    assert_eq!(times("FREQ=DAILY;UNTIL=20260304T085959Z", "UTC", "2026-03-02T09:00:00Z", 9).len(), 2);
}

#[test]
fn a_time_that_the_clock_jumps_over_comes_after_and_one_that_comes_twice_comes_first() {
    // Berlin jumps from 02:00 to 03:00 on 29 March 2026, and falls back from 03:00 to 02:00 on 25 October.
    let spring = times("FREQ=DAILY", "Europe/Berlin", "2026-03-28T01:30:00Z", 3);
    assert_eq!(spring, ["2026-03-28 02:30", "2026-03-29 03:30", "2026-03-30 02:30"]);
    let daily = Recurring::begin(rule("FREQ=DAILY"), Zone::parse("Europe/Berlin").unwrap(), time("2026-10-24T00:30:00Z"));
    let autumn = daily.next(daily.at).unwrap();
    assert_eq!(autumn.at, time("2026-10-25T00:30:00Z"), "the first 02:30 of two");
    assert_eq!(autumn.next(autumn.at).unwrap().at, time("2026-10-26T01:30:00Z"));
    // Samoa had no 30 December 2011: what was due then and a day later is one time.
    let samoa = times("FREQ=DAILY", "Pacific/Apia", "2011-12-29T20:00:00Z", 3);
    assert_eq!(samoa, ["2011-12-29 10:00", "2011-12-31 10:00", "2012-01-01 10:00"]);
}

#[test]
fn what_was_missed_is_passed_over_and_counts() {
    let daily = Recurring::begin(rule("FREQ=DAILY;COUNT=10"), Zone::utc(), time("2026-03-02T09:00:00Z"));
    let next = daily.next(time("2026-03-07T12:00:00Z")).unwrap();
    assert_eq!((next.at, next.number), (time("2026-03-08T09:00:00Z"), 7));
    assert_eq!(daily.next(time("2026-03-12T12:00:00Z")), None);
}

#[test]
fn the_first_time_of_a_rule_may_be_later_than_its_start() {
    let first = Recurring::first(rule("FREQ=WEEKLY;BYDAY=FR"), Zone::utc(), time("2026-03-02T09:00:00Z")).unwrap();
    assert_eq!((first.at, first.number), (time("2026-03-06T09:00:00Z"), 1));
    let first = Recurring::first(rule("FREQ=WEEKLY;BYDAY=MO"), Zone::utc(), time("2026-03-02T09:00:00Z")).unwrap();
    assert_eq!(first.at, time("2026-03-02T09:00:00Z"));
}

#[test]
fn rules_that_cannot_be_are_refused() {
    for text in [
        "",
        "weekly",
        "FREQ=HOURLY",
        "INTERVAL=2",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=1001",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=2;UNTIL=20270101",
        "FREQ=DAILY;UNTIL=20270230",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=WEEKLY;WKST=SU",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=é",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=4,6;BYMONTHDAY=31",
    ] {
        assert!(Recurrence::parse(text).is_err(), "{text}");
    }
    // Odd years have no 29 February.
    let never = rule("FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29");
    let now = time("2026-01-01T00:00:00Z");
    let check = |rule: Recurrence, from: &str| Recurring::begin(rule, Zone::utc(), time(from)).check(now);
    assert!(check(never.clone(), "2027-01-01T00:00:00Z").is_err());
    check(never, "2026-01-01T00:00:00Z").unwrap();
    check(rule("FREQ=DAILY;COUNT=1"), "2026-01-01T00:00:00Z").unwrap();
    check(rule("FREQ=DAILY"), "2025-01-01T00:00:00Z").unwrap();
    assert!(check(rule("FREQ=DAILY"), "2024-12-01T00:00:00Z").is_err(), "hundreds of times have passed");
}

/// The slow way: every day from the first one on, asked one question after the other as RFC 5545 puts them.
fn slow(rule: &Recurrence, from: Time, zone: &Zone, most: usize) -> Vec<Time> {
    let start: DateTime = zone.local(from).datetime();
    let mut found: Vec<Time> = Vec::new();
    let mut day = start.date();
    while found.len() < most && day < date(2075, 1, 1) {
        if on(rule, start.date(), day) {
            let at: Time = day.to_datetime(start.time()).in_tz(zone.as_str()).unwrap().timestamp().into();
            let ended = match rule.until {
                Some(Until::Date(last)) => day > last,
                Some(Until::Moment(last)) => at > last,
                None => false,
            };
            if ended {
                return found;
            }
            if at >= from && found.last().is_none_or(|last| at > *last) {
                found.push(at);
            }
        }
        day = day.tomorrow().unwrap();
    }
    found
}

fn on(rule: &Recurrence, start: Date, day: Date) -> bool {
    let week = |date: Date| (date - Date::ZERO.nth_weekday(1, Weekday::Monday).unwrap()).get_days().div_euclid(7);
    let interval = i32::from(rule.interval);
    let passed = match rule.frequency {
        Frequency::Daily => (day - start).get_days(),
        Frequency::Weekly => week(day) - week(start),
        Frequency::Monthly => {
            (i32::from(day.year()) - i32::from(start.year())) * 12 + i32::from(day.month()) - i32::from(start.month())
        }
        Frequency::Yearly => i32::from(day.year()) - i32::from(start.year()),
    };
    if passed % interval != 0 || !(rule.months.is_empty() || rule.months.contains(&day.month())) {
        return false;
    }
    let last = day.last_of_month().day();
    let by_month_day = rule.month_days.iter().any(|wanted| *wanted == day.day() || last + 1 + wanted == day.day());
    let by_day = rule.days.iter().any(|wanted| match wanted.ordinal {
        None => wanted.weekday == day.weekday(),
        Some(ordinal) => day.first_of_month().nth_weekday_of_month(ordinal, wanted.weekday).is_ok_and(|nth| nth == day),
    });
    match (rule.days.is_empty(), rule.month_days.is_empty()) {
        (false, false) => by_day && by_month_day,
        (false, true) => by_day,
        (true, false) => by_month_day,
        (true, true) => match rule.frequency {
            Frequency::Daily => true,
            Frequency::Weekly => day.weekday() == start.weekday(),
            Frequency::Monthly => day.day() == start.day(),
            Frequency::Yearly if rule.months.is_empty() => (day.month(), day.day()) == (start.month(), start.day()),
            Frequency::Yearly => day.day() == start.day(),
        },
    }
}

fn some_rule() -> impl Strategy<Value = String> {
    let frequency = prop::sample::select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]);
    let days = prop::sample::subsequence(vec!["MO", "TU", "FR", "SU"], 0..3);
    let ordinals = prop::sample::subsequence(vec!["1MO", "-1FR", "5SU", "3WE", "-5TU"], 0..3);
    let month_days = prop::sample::subsequence(vec!["1", "13", "29", "31", "-1", "-31"], 0..3);
    let months = prop::sample::subsequence(vec!["1", "2", "6", "11"], 0..3);
    let end = prop::sample::select(vec!["", ";UNTIL=20300615", ";UNTIL=20281231T120000Z"]);
    (frequency, 1..8_u16, days, ordinals, month_days, months, end).prop_map(
        |(frequency, interval, days, ordinals, month_days, months, end)| {
            let mut text = format!("FREQ={frequency};INTERVAL={interval}");
            let within = frequency == "MONTHLY" || (frequency == "YEARLY" && !months.is_empty());
            let days = if within { [days, ordinals].concat() } else { days };
            for (name, list) in [("BYDAY", days), ("BYMONTHDAY", month_days), ("BYMONTH", months)] {
                if !(list.is_empty() || name == "BYMONTHDAY" && frequency == "WEEKLY") {
                    text.push_str(&format!(";{name}={}", list.join(",")));
                }
            }
            text + end
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_quick_way_finds_what_the_slow_way_finds(
        text in some_rule(),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
        minutes in 0..2_000_000_i64,
    ) {
        // Impossible rules are refused before anybody looks for their times.
        let Ok(rule) = Recurrence::parse(&text) else { return Ok(()) };
        prop_assert_eq!(&Recurrence::parse(&rule.to_string()).unwrap(), &rule);
        let zone = Zone::parse(zone).unwrap();
        let from = time("2026-01-01T00:00:00Z").plus_seconds(minutes * 60);
        let mut quick = Vec::new();
        let mut next = Recurring::first(rule.clone(), zone.clone(), from);
        while let Some(this) = next.filter(|this| quick.len() < 12 && this.at < time("2074-12-01T00:00:00Z")) {
            quick.push(this.at);
            next = this.next(this.at);
        }
        let mut expected = slow(&rule, from, &zone, 12);
        expected.retain(|at| *at < time("2074-12-01T00:00:00Z"));
        prop_assert_eq!(quick, expected, "{} from {} in {}", text, from, zone);
    }
}
