//! Chooses the sample of the faults that `make test` tries. Nothing in it is random.
//!
//! | of | all | the sample |
//! | --- | --- | --- |
//! | a run without a fault | every call fails with every errno | every call fails with some of them ([`EACH`]), distributed so that each errno is tried at some call of that name |
//! | a run with a fault | every later call fails with each of its likely errnos | with one of them, in turn; a call that no run without a fault makes fails with each |
//! | the removals after a fault | fail with every errno | with one of them, in turn |
//! | a write | is cut at every length, and then fails with each of six errnos | at length 0 and every [`STEP`]th, with one of the errnos, in turn; the next trial takes other lengths |
//! | a file that RLIMIT_FSIZE ends | at every length | at every [`STEP`]th; the next trial takes others |
//! | the signals | each before the first instruction, before and after each call | one before the first instruction, SIGKILL and another before each call, one after it, in turn |
//! | the full pipes | all of them | every [`PIPES`]th; the next case takes others |
//!
//! A sample fails unless it has reached every errno of every call, every signal and every output
//! ([`super::reach`]). Each call of each run without a fault fails at least once.

use std::collections::{BTreeMap, BTreeSet};

use super::errnos;

/// Number of errnos with which each call of a run without a fault fails. Every other one is a
/// likely one.
pub const EACH: usize = 4;

/// The same in an emulated machine.
pub const EACH_EMULATED: usize = 2;

/// Lengths from one that is tried to the next.
pub const STEP: usize = 5;

/// Full pipes from one that is tried to the next.
pub const PIPES: usize = 6;

/// A place where a call can fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the call, as in the report.
    pub call: String,
    /// All errnos with which it can fail there.
    pub errnos: Vec<i32>,
}

/// Distributes errnos: at least `each` to each place, if it has that many, and each errno of a call
/// to at least one of the call's places.
pub fn deal(places: &[Place], each: usize) -> Vec<Vec<i32>> {
    let mut times: BTreeMap<(&str, i32), usize> = BTreeMap::new();
    let mut dealt = Vec::new();
    for place in places {
        let name = place.call.split(' ').next().unwrap_or_default();
        let likely = errnos::likely(name);
        let mut here: Vec<i32> = Vec::new();
        for round in 0..each {
            let is_wanted = |errno: &&i32| {
                let is_likely = round % 2 == 1 || likely.contains(errno);
                is_likely && !here.contains(errno)
            };
            let choice = place.errnos.iter().filter(is_wanted);
            let least = |errno: &&i32| times.get(&(place.call.as_str(), **errno)).copied();
            if let Some(&errno) = choice.min_by_key(least) {
                *times.entry((&place.call, errno)).or_default() += 1;
                here.push(errno);
            }
        }
        dealt.push(here);
    }
    // The errnos of rare calls that no place has got yet.
    let all: BTreeSet<(&str, i32)> = places
        .iter()
        .flat_map(|place| {
            let errnos = place.errnos.iter();
            errnos.map(|errno| (place.call.as_str(), *errno))
        })
        .collect();
    for (call, errno) in all.into_iter().filter(|pair| !times.contains_key(pair)) {
        let fits = |place: &Place| place.call == call && place.errnos.contains(&errno);
        let place = (0..places.len())
            .filter(|&place| fits(&places[place]))
            .min_by_key(|&place| dealt[place].len())
            .expect("the errno is of a place");
        dealt[place].push(errno);
    }
    dealt
}

/// The share of a trial in the sample.
#[derive(Clone, Debug)]
pub struct Share {
    /// The number of the trial.
    pub trial: usize,
    /// The number of its case.
    pub case: usize,
    /// For a trial of errnos: those of each place of its run without a fault.
    pub errnos: Vec<Vec<i32>>,
    /// The number of the next turn, by the name of what takes turns.
    turns: BTreeMap<String, usize>,
}

impl Share {
    /// The share of this trial.
    pub fn new(trial: usize, case: usize, errnos: Vec<Vec<i32>>) -> Self {
        Self {
            trial,
            case,
            errnos,
            turns: BTreeMap::new(),
        }
    }

    /// The item whose turn it is. Each trial begins with another one.
    pub fn turn<T: Copy>(&mut self, what: &str, of: &[T]) -> Option<T> {
        let turn = self.turns.entry(what.to_owned()).or_insert(self.trial);
        let chosen = of.get(turn.checked_rem(of.len())?);
        *turn += 1;
        chosen.copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(call: &str, errnos: impl Into<Vec<i32>>) -> Place {
        let (call, errnos) = (call.to_owned(), errnos.into());
        Place { call, errnos }
    }

    #[test]
    fn each_place_and_each_errno_has_its_share() {
        let all = errnos::all();
        let mut places = vec![
            place("read", all.clone()),
            place("umask", [1, 38]),
            place("exit_group", all.clone()),
            place("umask", [1]),
        ];
        places.extend(vec![place("write to 1", all.clone()); 200]);
        let dealt = deal(&places, EACH);
        assert_eq!(dealt.len(), places.len());
        for (place, dealt) in places.iter().zip(&dealt) {
            assert!(
                dealt.len() >= EACH.min(place.errnos.len()),
                "{}",
                place.call
            );
            assert!(dealt.iter().all(|errno| place.errnos.contains(errno)));
            let different: BTreeSet<_> = dealt.iter().collect();
            assert_eq!(different.len(), dealt.len());
        }
        // No other place has these calls.
        assert_eq!(dealt[0].len(), all.len());
        assert!(errnos::likely("read").contains(&dealt[0][0]));
        assert_eq!(dealt[1], [1, 38]);
        assert_eq!(dealt[3], [1]);
        let shared: BTreeSet<i32> = dealt[4..].concat().into_iter().collect();
        assert_eq!(Vec::from_iter(shared), all);
        assert!(dealt[4..].iter().all(|errnos| errnos.len() == EACH));
    }

    #[test]
    fn all_have_their_turn() {
        let mut share = Share::new(4, 0, Vec::new());
        let turns: Vec<_> = (0..4).map(|_| share.turn("a", &["x", "y", "z"])).collect();
        assert_eq!(turns, [Some("y"), Some("z"), Some("x"), Some("y")]);
        assert_eq!(share.turn("b", &[0, 1]), Some(0));
        assert_eq!(share.turn::<i32>("c", &[]), None);
    }
}
