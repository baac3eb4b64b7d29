//! Confirming a consent that was asked for by a message. Looking at the page confirms nothing: programs that open links before people
//! do would consent for them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::flows::opt_in::{self, Confirmed, read_subject};
use domain::{Category, Channel};
use kernel::{Aim, Result};

use super::frame::{frame, told};
use super::{Guest, Place, come_back, gone, guest, shown};
use crate::pages::escape;
use crate::visitor::Visitor;
use crate::{Intake, Refusal};

/// What a guest is asked, in its language.
struct Asked {
    guest: Guest,
    channel: Channel,
    categories: Vec<Category>,
}

impl Asked {
    async fn of(intake: &Intake, place: &Place) -> Result<Self> {
        let guest = guest(intake, place, Aim::Confirm).await?;
        let (channel, categories) = read_subject(guest.pass.subject()).map_err(|_| gone())?;
        Ok(Self { guest, channel, categories })
    }

    fn question(&self) -> String {
        let names: Vec<&str> = self.categories.iter().map(|category| self.guest.name(category)).collect();
        self.guest.words().question(self.channel, &self.guest.tenant.name, &names.join(", "))
    }

    fn page(&self, title: &str, inner: &str) -> Response {
        shown(StatusCode::OK, frame(self.guest.words().tag, &self.guest.tenant.name, title, inner))
    }
}

/// Asks once more, with a button to say yes.
pub(crate) async fn show(State(intake): State<Intake>, place: Place) -> Result<Response, Refusal> {
    let asked = Asked::of(&intake, &place).await?;
    let words = asked.guest.words();
    let inner = format!(
        "<p>{}</p><form method=\"post\"><button class=\"first\" name=\"choice\" value=\"yes\">{}</button></form><p>{}</p>",
        escape(&asked.question()),
        words.yes,
        words.if_not
    );
    Ok(asked.page(words.confirm, &inner))
}

/// Takes the yes.
pub(crate) async fn save(State(intake): State<Intake>, place: Place, visitor: Visitor) -> Result<Response, Refusal> {
    let asked = Asked::of(&intake, &place).await?;
    let Asked { guest, channel, categories } = &asked;
    let words = guest.words();
    let (context, contact) = (&intake.0.context, &guest.contact.row);
    let evidence = visitor.evidence("double_opt_in").showing(&asked.question());
    let confirmed = opt_in::confirm(context, &guest.scope, contact.id, *channel, categories, &evidence).await?;
    let (title, said) = match confirmed {
        Confirmed::Yes => {
            come_back(context, &guest.scope, *channel, contact, &evidence).await?;
            (words.thanks, words.noted)
        }
        Confirmed::Late => (words.late, words.ask_again),
    };
    Ok(asked.page(title, &told(confirmed == Confirmed::Yes, said)))
}
