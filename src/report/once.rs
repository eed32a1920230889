//! A person with several records is one person: single parent and another group is legal, and counts in both groups, but
//! once among all people.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::half_year::{End, Line, Seen};

/// The records of one person together: spells that overlap are one time in which they draw. One that begins on the day on
/// which another ends follows it: the groups count a stop and a beginning, and so does the total.
fn times(seen: &[Seen]) -> Vec<Vec<&Seen>> {
    let mut all: Vec<&Seen> = seen.iter().collect();
    all.sort_by_key(|one| one.begins);
    let mut times: Vec<Vec<&Seen>> = Vec::new();
    // Until when the last of them goes on; `None`: with no end.
    let mut until: Option<Date> = None;
    for one in all {
        let ends = one.ends.as_ref().map(|(day, _)| *day);
        let goes_on = until.is_none_or(|until| one.begins.is_none_or(|begins| begins < until));
        if let Some(time) = times.last_mut().filter(|_| goes_on) {
            time.push(one);
            until = until.zip(ends).map(|(until, ends)| until.max(ends));
        } else {
            times.push(vec![one]);
            until = ends;
        }
    }
    times
}

/// Whether the person draws in two groups at the same time.
pub(super) fn is_in_two(seen: &[Seen]) -> bool {
    times(seen).iter().any(|time| time.iter().any(|one| one.last.group != time[0].last.group))
}

/// What the groups count of a person beyond once, people only.
pub(super) fn repeated(seen: &[Seen]) -> Line {
    let (mut groups, mut repeated) = (BTreeMap::new(), Line::default());
    for one in seen {
        one.count(&mut groups);
    }
    for line in groups.values() {
        repeated.add(line);
    }
    for time in times(seen) {
        take_one(&mut repeated, &time);
    }
    repeated
}

/// Leaves one of those who are counted for a time in which a person draws.
fn take_one(repeated: &mut Line, time: &[&Seen]) {
    let once = |people: &mut u64, is: bool| *people -= u64::from(is);
    let before = time.iter().any(|one| one.before);
    once(&mut repeated.start.people, before);
    once(&mut repeated.new.people, !before);
    let moves = time.iter().any(|one| one.first.group != one.last.group);
    once(&mut repeated.from_group.people, moves);
    once(&mut repeated.to_group.people, moves);
    once(&mut repeated.changed.people, time.iter().any(|one| one.first.amount != one.last.amount));
    let mut still = time.iter().filter(|one| !one.ended).peekable();
    if still.peek().is_some() {
        repeated.end.people -= 1;
        once(&mut repeated.suspended, still.all(|one| one.last.suspended));
        return;
    }
    // Whoever drew for two goes with the last of them.
    let last = time.iter().filter_map(|one| one.ends.as_ref()).max_by_key(|(day, _)| *day);
    match last {
        Some((_, End::Moved)) => repeated.moved.people -= 1,
        Some((_, End::Stopped(reason))) => repeated.stopped.entry(reason.clone()).or_default().people -= 1,
        None => {}
    }
}
