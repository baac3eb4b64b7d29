//! Looking for things by the beginning of words: one query for the longest word, one batch read of what it leads to, and the rest
//! is decided by what the things themselves say.

use kernel::Result;
use store::schema::Locator;
use store::{Page, Position, Stored, TenantScope};

use crate::find::{Find, Findable, Question};

/// Most rows of words that one page looks at, however few things it shows.
const EXAMINED: usize = 60;

/// One page of what is meant, in the order of the words that it is found by. `at` is what finds a thing by its id's digits.
pub async fn page<E: Findable>(
    scope: &TenantScope,
    question: &Question,
    limit: usize,
    after: Option<Position>,
    at: impl Fn(&str) -> Option<Locator> + Send,
) -> Result<Page<E>> {
    let owner = Find::owner(E::OBJECT, &question.first);
    let mut page = Page { rows: Vec::new(), next: after };
    let mut examined = 0;
    while page.rows.len() < limit && examined < EXAMINED {
        // What one word leads to twice is shown once, so never more than is wanted.
        let wanted = limit - page.rows.len();
        let found = scope.page_beginning::<Find>(&owner, &question.first, wanted, page.next.as_ref()).await?;
        examined += found.rows.len();
        page.rows.extend(meant::<E>(scope, question, &found.rows, &at).await?);
        page.next = found.next;
        if page.next.is_none() {
            break;
        }
    }
    Ok(page)
}

/// The things that those words lead to, as far as they are meant.
async fn meant<E: Findable>(
    scope: &TenantScope,
    question: &Question,
    words: &[Stored<Find>],
    at: &(impl Fn(&str) -> Option<Locator> + Send),
) -> Result<Vec<Stored<E>>> {
    let (words, at): (Vec<&Find>, Vec<Locator>) = words.iter().filter_map(|word| Some((&word.row, at(&word.row.of)?))).unzip();
    let things = scope.read_many::<E>(&at).await?;
    let shown = words.into_iter().zip(things).filter_map(|(word, thing)| {
        let thing = thing?;
        question.shows(&word.term, &thing.row.terms()).then_some(thing)
    });
    Ok(shown.collect())
}
