//! What is counted of what people do: of activities, tasks and deals.

use kernel::Time;

use super::{Counter, Counters, Dimension, Figure, Whose};
use crate::activity::{Form, Outcome, Status};
use crate::price::Currency;
use crate::task::Kind;

/// What becomes of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Done {
    /// It was written down.
    Logged,
    /// It is to be, or was, or is not to be any more.
    Status(Status),
    /// How it went.
    Outcome(Outcome),
    /// Seconds that completed ones took.
    Seconds,
}

/// What becomes of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handled {
    /// It was made.
    Created,
    /// It was done.
    Completed,
    /// It was done after the moment that it was due at.
    Late,
    /// It was called off.
    Cancelled,
}

/// What becomes of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decided {
    /// It was made.
    Opened,
    /// It was won.
    Won,
    /// It was lost.
    Lost,
    /// What deals that were won are worth, in whole units. Deals may be so large that millionths of many would not fit a counter.
    Worth(Currency),
    /// What they are worth beyond whole units, in millionths.
    Rest(Currency),
}

impl Done {
    /// Everything that becomes of activities.
    pub const ALL: [Self; 9] = [
        Self::Logged,
        Self::Status(Status::Scheduled),
        Self::Status(Status::Completed),
        Self::Status(Status::Cancelled),
        Self::Outcome(Outcome::Positive),
        Self::Outcome(Outcome::Neutral),
        Self::Outcome(Outcome::Negative),
        Self::Outcome(Outcome::NoAnswer),
        Self::Seconds,
    ];

    const fn letter(self) -> char {
        match self {
            Self::Logged => 'l',
            Self::Status(Status::Scheduled) => 's',
            Self::Status(Status::Completed) => 'd',
            Self::Status(Status::Cancelled) => 'q',
            Self::Outcome(Outcome::Positive) => 'p',
            Self::Outcome(Outcome::Neutral) => 'n',
            Self::Outcome(Outcome::Negative) => 'm',
            Self::Outcome(Outcome::NoAnswer) => 'a',
            Self::Seconds => 't',
        }
    }
}

impl Handled {
    /// Everything that becomes of tasks.
    pub const ALL: [Self; 4] = [Self::Created, Self::Completed, Self::Late, Self::Cancelled];

    const fn letter(self) -> char {
        match self {
            Self::Created => 'c',
            Self::Completed => 'd',
            Self::Late => 'l',
            Self::Cancelled => 'q',
        }
    }
}

/// The counters of something that is counted under each of these values: hour, figure and amount.
pub(crate) fn counters(whose: Vec<Whose>, amounts: impl Iterator<Item = (Time, Figure, i64)>) -> Counters {
    let mut values: Vec<String> = whose.iter().map(Whose::value).collect();
    // A tag may be there twice.
    values.sort_unstable();
    values.dedup();
    let mut counters = Counters::new();
    for (hour, figure, amount) in amounts.filter(|(_, _, amount)| *amount != 0) {
        for value in &values {
            let counter = Counter { dimension: Dimension::Work, value: value.clone(), hour, figure };
            *counters.entry(counter).or_default() += amount;
        }
    }
    counters
}

const fn form(form: Form) -> char {
    match form {
        Form::Email => 'e',
        Form::Call => 'c',
        Form::Meeting => 'm',
        Form::Note => 'n',
        Form::Task => 't',
    }
}

const fn kind(kind: Kind) -> char {
    match kind {
        Kind::Task => 't',
        Kind::Reminder => 'r',
        Kind::FollowUp => 'f',
        Kind::Appointment => 'a',
    }
}

/// The letters of a figure of these: a capital for the noun comes first.
pub(super) fn code(figure: Figure) -> String {
    match figure {
        Figure::Activity(of, done) => format!("A{}{}", form(of), done.letter()),
        Figure::Task(of, handled) => format!("T{}{}", kind(of), handled.letter()),
        Figure::Deal(Decided::Opened) => "Do".to_owned(),
        Figure::Deal(Decided::Won) => "Dw".to_owned(),
        Figure::Deal(Decided::Lost) => "Dl".to_owned(),
        Figure::Deal(Decided::Worth(currency)) => format!("D_{}", currency.to_string().to_ascii_lowercase()),
        Figure::Deal(Decided::Rest(currency)) => format!("Dr_{}", currency.to_string().to_ascii_lowercase()),
        Figure::Mark(_) | Figure::Measure(_) | Figure::Cost(_) | Figure::Wait(_) => String::new(),
    }
}

/// Reads the letters.
pub(super) fn parse(letters: &str) -> Option<Figure> {
    let money = |letters: &str| Currency::parse(&letters.to_ascii_uppercase()).ok();
    if let Some(currency) = letters.strip_prefix("D_") {
        return money(currency).map(|currency| Figure::Deal(Decided::Worth(currency)));
    }
    if let Some(currency) = letters.strip_prefix("Dr_") {
        return money(currency).map(|currency| Figure::Deal(Decided::Rest(currency)));
    }
    let mut letters = letters.chars();
    let (noun, first, second, end) = (letters.next()?, letters.next()?, letters.next(), letters.next());
    match (noun, first, second, end) {
        ('A', of, Some(done), None) => {
            let of = Form::ALL.iter().find(|one| form(**one) == of)?;
            Some(Figure::Activity(*of, Done::ALL.into_iter().find(|one| one.letter() == done)?))
        }
        ('T', of, Some(handled), None) => {
            let of = Kind::ALL.into_iter().find(|one| kind(*one) == of)?;
            Some(Figure::Task(of, Handled::ALL.into_iter().find(|one| one.letter() == handled)?))
        }
        ('D', 'o', None, None) => Some(Figure::Deal(Decided::Opened)),
        ('D', 'w', None, None) => Some(Figure::Deal(Decided::Won)),
        ('D', 'l', None, None) => Some(Figure::Deal(Decided::Lost)),
        (_, _, _, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_of_work_is_read_by_its_code() {
        let euro = Currency::parse("EUR").unwrap();
        let decided = [Decided::Opened, Decided::Won, Decided::Lost, Decided::Worth(euro), Decided::Rest(euro)];
        let activities = Form::ALL.iter().flat_map(|form| Done::ALL.map(|done| Figure::Activity(*form, done)));
        let tasks = Kind::ALL.into_iter().flat_map(|kind| Handled::ALL.map(|handled| Figure::Task(kind, handled)));
        let figures: Vec<Figure> = activities.chain(tasks).chain(decided.map(Figure::Deal)).collect();
        let codes: std::collections::BTreeSet<String> = figures.iter().map(|figure| figure.code().into_owned()).collect();
        assert_eq!(codes.len(), figures.len());
        for figure in figures {
            assert_eq!(Figure::parse(&figure.code()), Some(figure), "{}", figure.code());
        }
        for text in ["A", "Ac", "Acx", "Axd", "Acdd", "Dx", "D_euro", "Ttx", "Zcd"] {
            assert_eq!(Figure::parse(text), None, "{text}");
        }
    }
}
