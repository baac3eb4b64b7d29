//! Finding things by the beginning of a word: a row for each word that a thing is found by, in the partition of the word's first
//! two letters, written in the transaction of the thing itself.

use std::collections::BTreeSet;

use icu_normalizer::DecomposingNormalizerBorrowed;
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::schema::{self, Entity, Locator, Row};

use crate::field::Object;

/// Letters of a word that say its partition; a question has at least as many.
const START: usize = 2;
/// Most letters of a word that are kept.
const LETTERS: usize = 40;
/// Most words that one thing is found by: each is a write when it is made.
const TERMS: usize = 30;
/// Most letters of a question.
const QUESTION: usize = 200;
/// Fewest digits that a telephone number is asked for by.
const DIGITS: usize = 3;

/// That a thing is found by a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Find {
    /// What is found.
    pub object: Object,
    /// The word, folded.
    pub term: String,
    /// The 32 digits of the thing's id.
    pub of: String,
}

/// A noun that people look for, with custom fields.
pub trait Findable: Entity + Clone + 'static {
    /// The noun.
    const OBJECT: Object;

    /// Its id's 32 digits.
    fn hex(&self) -> String;

    /// Its id's text.
    fn label(&self) -> String;

    /// What it is found by, folded.
    fn terms(&self) -> BTreeSet<String>;

    /// Its custom fields.
    fn fields(&self) -> &std::collections::BTreeMap<String, Value>;
}

impl Find {
    /// Whom the rows of words that begin like this one stand below.
    pub fn owner(object: Object, term: &str) -> String {
        format!("{}:{}", object.as_str(), term.chars().take(START).collect::<String>())
    }
}

impl Entity for Find {
    const ROW: Row = schema::FIND;

    fn locator(&self) -> Locator {
        Locator::Below(Self::owner(self.object, &self.term), format!("{}#{}", self.term, self.of))
    }
}

/// Text in the form that is compared: small letters without marks. `#` separates the parts of keys.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let bare = DecomposingNormalizerBorrowed::new_nfd().normalize_iter(text.chars());
    let bare = bare.filter(|letter| !matches!(letter, '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}' | '#'));
    for letter in bare.flat_map(char::to_lowercase) {
        match letter {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            other => folded.push(other),
        }
    }
    folded
}

fn cut(text: &str) -> String {
    text.chars().take(LETTERS).collect()
}

/// The words of a text that are long enough to be found.
pub fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let words = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| word.chars().nth(START - 1).is_some());
    words.map(cut).collect()
}

/// The digits of a telephone number.
pub fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// An email address as it is found as a whole.
pub fn address(email: &str) -> String {
    cut(&fold(email))
}

/// Those terms, bounded: the first ones given are kept.
pub fn bounded(terms: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let mut kept = BTreeSet::new();
    for term in terms.into_iter().filter(|term| term.chars().nth(START - 1).is_some()) {
        if kept.len() == TERMS {
            break;
        }
        kept.insert(term);
    }
    kept
}

/// What somebody looks for: every word must be the beginning of one that the thing is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The word that is looked up: the longest.
    pub first: String,
    /// All words.
    words: Vec<String>,
}

impl Question {
    /// Reads what was typed: words, email addresses, or one telephone number however it is written.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |words: String| Error::invalid("?q", "question", words);
        if text.chars().nth(QUESTION).is_some() {
            return Err(refuse(format!("at most {QUESTION} letters")));
        }
        let number = text.chars().all(|letter| letter.is_ascii_digit() || " +-()./".contains(letter));
        let words = if number && text.contains(|letter: char| letter.is_ascii_digit()) {
            let digits = digits(text);
            if digits.len() < DIGITS {
                return Err(refuse(format!("at least {DIGITS} digits")));
            }
            vec![digits]
        } else {
            let parts = text.split_whitespace();
            parts.flat_map(|part| if part.contains('@') { vec![address(part)] } else { words(part) }).collect()
        };
        let long = |word: &&String| word.chars().nth(START - 1).is_some();
        let first = words.iter().filter(long).max_by_key(|word| word.chars().count()).cloned();
        let first = first.ok_or_else(|| refuse(format!("a word of at least {START} letters or digits")))?;
        Ok(Self { first, words })
    }

    /// Whether a thing of those terms is meant.
    fn fits(&self, terms: &BTreeSet<String>) -> bool {
        self.words.iter().all(|word| terms.iter().any(|term| term.starts_with(word.as_str())))
    }

    /// Whether the thing that was found by `term` is to be shown for it: it is what is meant, and no earlier word of its own
    /// shows it already. A word that it is no longer found by shows nothing.
    pub fn shows(&self, term: &str, terms: &BTreeSet<String>) -> bool {
        let earliest = terms.iter().find(|own| own.starts_with(self.first.as_str()));
        earliest.is_some_and(|own| own == term) && self.fits(terms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_marks_and_letters_of_their_own_are_folded() {
        for (text, folded) in
            [("Ångström", "angstrom"), ("STRAẞE", "strasse"), ("Łódź", "lodz"), ("İstanbul", "istanbul"), ("Ærø", "aero")]
        {
            assert_eq!(fold(text), folded, "{text}");
        }
        assert_eq!(words("O'Neil-Smith, J. #1"), ["neil", "smith"]);
        assert_eq!(words("株式会社 山田"), ["株式会社", "山田"]);
        assert_eq!(words("プログラム"), ["フロクラム"]);
    }

    #[test]
    fn a_question_is_words_or_an_address_or_a_number() {
        let first = |text: &str| Question::parse(text).map(|question| question.first);
        assert_eq!(first("ad Lovelace").unwrap(), "lovelace");
        assert_eq!(first("Ada@Example.com").unwrap(), "ada@example.com");
        assert_eq!(first("+1 (415) 555").unwrap(), "1415555");
        for wrong in ["", "a", " . ", "+1", "12", &"x".repeat(201)] {
            assert!(Question::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_thing_is_shown_once_and_only_when_every_word_fits() {
        let terms = BTreeSet::from(["anna".to_owned(), "anders".to_owned()]);
        let question = Question::parse("an").unwrap();
        assert!(question.shows("anders", &terms) && !question.shows("anna", &terms) && !question.shows("anton", &terms));
        assert!(Question::parse("an and").unwrap().shows("anders", &terms));
        assert!(!Question::parse("an bo").unwrap().shows("anders", &terms));
    }
}
