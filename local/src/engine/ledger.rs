//! Which records of the stream are under way, and how far all of them are finished. Pure: it knows no stream and no file.
//!
//! A reader's position may be saved only when nothing before it is unfinished, for what lies before it is never read again.
//! Work finishes in any order; the position moves along the finished front.

use std::collections::VecDeque;

/// Names a record that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// See the module's words.
#[derive(Debug, Default)]
pub struct Ledger {
    finished: Option<String>,
    first: u64,
    under_way: VecDeque<Begun>,
}

#[derive(Debug)]
struct Begun {
    sequence: String,
    pieces: usize,
}

impl Ledger {
    /// Goes on after that record, or from the beginning.
    pub fn after(position: Option<&str>) -> Self {
        Self { finished: position.map(str::to_owned), ..Self::default() }
    }

    /// A record was read: one piece of work, namely its handling. `None` when it, or a later one, was begun before: records
    /// come in the order of their sequence numbers, and what was begun must not be begun twice.
    pub fn begin(&mut self, sequence: &str) -> Option<Ticket> {
        if self.read().is_some_and(|read| sequence <= read) {
            return None;
        }
        self.under_way.push_back(Begun { sequence: sequence.to_owned(), pieces: 1 });
        Some(Ticket(self.first + u64::try_from(self.under_way.len()).unwrap_or(u64::MAX) - 1))
    }

    /// The record's handling made `pieces` more pieces of work, such as jobs on a queue. Must be said before the last piece known
    /// so far is [`Ledger::done`]; of a finished record nothing can be made any more, and the answer is false.
    pub fn split(&mut self, ticket: Ticket, pieces: usize) -> bool {
        match self.at(ticket) {
            Some(begun) if begun.pieces > 0 => {
                begun.pieces += pieces;
                true
            }
            Some(_) | None => false,
        }
    }

    /// One piece of the record's work is finished, and needs no repetition. Answers whether the position moved.
    pub fn done(&mut self, ticket: Ticket) -> bool {
        if let Some(begun) = self.at(ticket) {
            begun.pieces = begun.pieces.saturating_sub(1);
        }
        let mut moved = false;
        while self.under_way.front().is_some_and(|begun| begun.pieces == 0) {
            self.finished = self.under_way.pop_front().map(|begun| begun.sequence);
            self.first += 1;
            moved = true;
        }
        moved
    }

    /// The position to save: this record and all before it are finished.
    pub fn position(&self) -> Option<&str> {
        self.finished.as_deref()
    }

    /// The position to read on from: this record and all before it were begun.
    pub fn read(&self) -> Option<&str> {
        self.under_way.back().map(|begun| begun.sequence.as_str()).or(self.position())
    }

    /// How many records were begun and wait for their place in the finished front.
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    fn at(&mut self, ticket: Ticket) -> Option<&mut Begun> {
        let at = usize::try_from(ticket.0.checked_sub(self.first)?).ok()?;
        self.under_way.get_mut(at)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kernel::Ids;

    use super::*;

    fn sequence(number: usize) -> String {
        format!("1{number:020}")
    }

    #[test]
    fn the_position_moves_along_the_finished_front() {
        let mut ledger = Ledger::after(None);
        let tickets: Vec<_> = (1..=4).map(|number| ledger.begin(&sequence(number)).unwrap()).collect();
        assert_eq!((ledger.position(), ledger.read()), (None, Some(sequence(4).as_str())));
        assert!(!ledger.done(tickets[2]) && !ledger.done(tickets[1]));
        assert_eq!(ledger.position(), None, "the first is under way");
        assert!(ledger.done(tickets[0]));
        assert_eq!((ledger.position(), ledger.under_way()), (Some(sequence(3).as_str()), 1));
        assert!(ledger.done(tickets[3]));
        assert_eq!((ledger.position(), ledger.read(), ledger.under_way()), (Some(sequence(4).as_str()), ledger.position(), 0));
    }

    #[test]
    fn a_record_is_finished_with_its_last_piece() {
        let mut ledger = Ledger::after(Some(&sequence(7)));
        assert_eq!(ledger.begin(&sequence(7)), None, "it was finished in an earlier life");
        let ticket = ledger.begin(&sequence(8)).unwrap();
        assert_eq!(ledger.begin(&sequence(8)), None, "begun twice");
        assert!(ledger.split(ticket, 2));
        assert!(!ledger.done(ticket) && !ledger.done(ticket));
        assert_eq!(ledger.position(), Some(sequence(7).as_str()));
        assert!(ledger.done(ticket));
        assert_eq!(ledger.position(), Some(sequence(8).as_str()));
        assert!(!ledger.split(ticket, 1) && !ledger.done(ticket), "a finished record is no more");
        assert_eq!(ledger.position(), Some(sequence(8).as_str()));
    }

    /// A reader that takes records in order, finishes their pieces in any order, saves its position now and then, and dies now
    /// and then. `finished` has the most pieces of each record's work that one life finished.
    struct Life {
        dice: Ids,
        pieces: BTreeMap<usize, usize>,
        finished: BTreeMap<usize, usize>,
        saved: Option<String>,
    }

    impl Life {
        fn roll(&self, sides: u64) -> u64 {
            u64::from_le_bytes(self.dice.bytes()) % sides
        }

        /// Lives until everything is finished or it dies; answers whether it died.
        fn live(&mut self, last: usize) -> bool {
            let mut ledger = Ledger::after(self.saved.as_deref());
            let mut open: Vec<(usize, Ticket)> = Vec::new();
            let start = self.saved.as_ref().map_or(1, |saved| saved[1..].parse::<usize>().unwrap() + 1);
            let mut next = start;
            for number in 1..start {
                assert!(self.finished.get(&number) >= self.pieces.get(&number), "record {number} was skipped unfinished");
            }
            // What this life has finished counts for nothing once it dies before its position is saved.
            let mut mine: BTreeMap<usize, usize> = BTreeMap::new();
            loop {
                match self.roll(10) {
                    0..=3 if next <= last => {
                        let ticket = ledger.begin(&sequence(next)).unwrap();
                        let more = *self.pieces.get(&next).unwrap();
                        assert!(ledger.split(ticket, more - 1));
                        open.extend(std::iter::repeat_n((next, ticket), more));
                        next += 1;
                    }
                    0..=6 if !open.is_empty() => {
                        let at = usize::try_from(self.roll(u64::try_from(open.len()).unwrap())).unwrap();
                        let (number, ticket) = open.swap_remove(at);
                        *mine.entry(number).or_default() += 1;
                        let most = self.finished.entry(number).or_default();
                        *most = (*most).max(*mine.get(&number).unwrap());
                        ledger.done(ticket);
                    }
                    7 | 8 => {
                        let position = ledger.position().map(str::to_owned);
                        assert!(position >= self.saved, "a position never goes back");
                        self.saved = position;
                    }
                    9 if self.roll(12) == 0 => return true,
                    _ => {}
                }
                if open.is_empty() && next > last && ledger.position() == Some(sequence(last).as_str()) {
                    self.saved = Some(sequence(last));
                    return false;
                }
            }
        }
    }

    #[test]
    fn no_record_is_skipped_unfinished_whatever_the_order_and_whenever_death_comes() {
        for seed in 0..400 {
            let dice = Ids::seeded(seed);
            let mut life = Life { dice, pieces: BTreeMap::new(), finished: BTreeMap::new(), saved: None };
            let last = usize::try_from(life.roll(60)).unwrap() + 1;
            life.pieces = (1..=last).map(|number| (number, usize::try_from(life.roll(4)).unwrap() + 1)).collect();
            let mut deaths = 0;
            while life.live(last) {
                deaths += 1;
                assert!(deaths < 100_000);
            }
            assert_eq!(life.finished, life.pieces, "seed {seed}: all of the work was finished in one life or another");
        }
    }
}
