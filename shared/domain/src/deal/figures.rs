//! What a deal adds to the counters: a pure function of its row, so what a change adds is the difference of the two rows'.

use store::Stored;

use super::{Deal, Status};
use crate::message::mark::hour;
use crate::price::MILLION;
use crate::statistic::{Counted, Counters, Decided, Figure, Whose, difference, work};

impl Deal {
    /// Everything that is counted of it.
    pub fn counters(&self) -> Counters {
        let mut decided = vec![(hour(self.id.made_at()), Decided::Opened, 1)];
        match (self.status, self.closed_at.map(hour)) {
            (Status::Won, Some(at)) => {
                decided.push((at, Decided::Won, 1));
                if let Some((value, currency)) = self.value.zip(self.currency) {
                    decided.push((at, Decided::Worth(currency), value.millionths() / MILLION));
                    decided.push((at, Decided::Rest(currency), value.millionths() % MILLION));
                }
            }
            (Status::Lost, Some(at)) => decided.push((at, Decided::Lost, 1)),
            (Status::Open, _) | (_, None) => {}
        }
        let whose = [Some(Whose::All), self.owner.map(Whose::User)];
        work::counters(
            whose.into_iter().flatten().collect(),
            decided.into_iter().map(|(hour, decided, amount)| (hour, Figure::Deal(decided), amount)),
        )
    }
}

impl Counted for Deal {
    fn added(before: Option<&Stored<Self>>, after: Option<&Stored<Self>>) -> Counters {
        let of = |row: Option<&Stored<Self>>| row.map(|row| row.row.counters()).unwrap_or_default();
        difference(of(after), of(before))
    }
}
