//! Mailboxes that are read by web requests.

use std::time::Duration;

use futures_util::StreamExt;
use net::download::Download;
use net::http::EXCHANGE;
use net::tokens::{self, Found};
use net::veil::Veil;
use providers::collecting::{LARGEST, MailApi, Refusal};
use providers::{HttpCall, HttpReply, Reply, Setup};

use crate::look::{Desk, veiled};
use crate::seen::{Seen, Trouble};
use crate::take::{take, too_large};

/// Mails of one page. A page is taken in as a whole, so that few are fetched twice when that breaks off.
const PAGE: usize = 4;
/// How long a look may begin another page.
const LOOK: Duration = Duration::from_secs(30);
/// A provider's telling that ends within so many seconds is asked to go on: they tell for a week, and one wants to be asked every day.
const RENEW: i64 = 6 * 86_400;
/// Most bytes of an answer that brings a mail: base64 in JSON at the worst.
const ANSWER: usize = LARGEST / 3 * 4 + 1024;

/// Reads what is new.
pub async fn read(desk: &Desk<'_>, api: &'static dyn MailApi, seen: &mut Seen) -> Result<(), Trouble> {
    let token = token(desk, api).await?;
    let setup = Setup { token: token.as_ref(), ..*desk.setup };
    let reading = Reading { desk, api, setup: &setup };
    let read = match (reading.all(seen).await, token.as_ref()) {
        (Err(Ended::Token), Some(token)) => {
            tokens::refuse(&desk.collector.tokens, desk.scope, desk.account.id, token).await;
            Err(Trouble::failed("the provider would not have the access token: another is asked for"))
        }
        (Err(Ended::Token), None) => Err(Trouble::failed("the provider wants an access token")),
        (Err(Ended::Trouble(trouble)), _) => Err(trouble),
        (Ok(()), _) => Ok(()),
    };
    veiled(&Veil::of(&setup), seen, read)
}

async fn token(desk: &Desk<'_>, api: &dyn MailApi) -> Result<Option<kernel::Secret>, Trouble> {
    let collector = desk.collector;
    let Some(consent) = api.consent(desk.setup.settings, desk.setup.credentials)? else { return Ok(None) };
    let asking =
        tokens::Desk { tokens: &collector.tokens, context: &collector.context, vault: &collector.vault, asks: &collector.way };
    match tokens::find(&asking, desk.scope, desk.tenant, desk.account, desk.setup, &consent).await? {
        Found::Token(token) => Ok(token),
        Found::Busy => Err(Trouble::failed("another process asks for the access token")),
        Found::Refused(providers::Verdict::Misconfigured { reason }) => Err(Trouble::Refused(reason)),
        Found::Refused(verdict) => Err(Trouble::failed(verdict.reason())),
    }
}

/// Why reading ended early.
enum Ended {
    /// The access token is of no use any more.
    Token,
    /// Something else.
    Trouble(Trouble),
}

impl<T: Into<Trouble>> From<T> for Ended {
    fn from(trouble: T) -> Self {
        Self::Trouble(trouble.into())
    }
}

/// One look by web requests.
struct Reading<'a> {
    desk: &'a Desk<'a>,
    api: &'static dyn MailApi,
    setup: &'a Setup<'a>,
}

impl Reading<'_> {
    async fn all(&self, seen: &mut Seen) -> Result<(), Ended> {
        seen.mark = seen.mark.take().map(|mark| self.api.kept(&mark).to_owned());
        self.watch(seen).await?;
        let limit = self.desk.collector.way.patience.start(LOOK);
        loop {
            let more = self.page(seen).await?;
            seen.more = more;
            if !more || seen.is_enough() || limit.is_over() {
                return Ok(());
            }
        }
    }

    /// One page of what is new, and whether there is another.
    async fn page(&self, seen: &mut Seen) -> Result<bool, Ended> {
        let (api, setup) = (self.api, self.setup);
        let now = self.desk.collector.context.clock.now();
        let call = match &seen.mark {
            Some(mark) => api.since(mark, PAGE, setup)?,
            None => api.start(setup, now)?,
        };
        let reply = self.ask(&call).await?;
        let news = match api.news(seen.mark.as_deref().unwrap_or_default(), &reply) {
            Ok(news) => news,
            Err(Refusal::Forgotten | Refusal::Gone) if seen.mark.is_some() => {
                seen.mark = None;
                seen.notes
                    .push("the provider does not know any more what came since the last look: reading begins anew".to_owned());
                return Ok(true);
            }
            Err(refusal) => return Err(ended(refusal)),
        };
        for id in &news.mails {
            if seen.comes_to(id) {
                self.mail(id, seen).await?;
                seen.at = None;
            }
        }
        seen.mark = Some(news.mark);
        Ok(news.more)
    }

    /// Fetches a mail and takes it in. One that is gone by now is passed over.
    async fn mail(&self, id: &str, seen: &mut Seen) -> Result<(), Ended> {
        let call = self.api.mail(id, self.setup)?;
        let collector = self.desk.collector;
        let brought = collector.way.http.download(&call, None, &collector.context.clock).await.map_err(Trouble::failed)?;
        let (status, size) = (brought.status, brought.bytes);
        let Some(body) = whole(brought).await? else {
            seen.pass_over(id, too_large(size));
            return Ok(());
        };
        if !(200..300).contains(&status) {
            let reply = HttpReply { status, headers: Vec::new(), body, at: collector.context.clock.now() };
            return self.withheld(id, &reply, seen);
        }
        match self.api.raw(body) {
            Some(raw) => Ok(take(self.desk, id, &raw, seen).await?),
            None => Err(Trouble::failed("the provider's answer brings no mail").into()),
        }
    }

    /// What it means that a mail is not handed over, while the list that names it was.
    fn withheld(&self, id: &str, reply: &HttpReply, seen: &mut Seen) -> Result<(), Ended> {
        match (reply.status, self.api.refusal(reply)) {
            (_, Refusal::Gone) => Ok(()),
            (400 | 422, Refusal::Account(reason)) => {
                seen.pass_over(id, reason);
                Ok(())
            }
            (status, refusal) => {
                // Who is to log in again, or to wait, is the account: the mail is not to blame.
                if matches!((status, &refusal), (401 | 429, _) | (403, Refusal::Later { .. })) {
                    seen.at = None;
                }
                Err(ended(refusal))
            }
        }
    }

    /// Has the provider tell of new mail, or go on telling. A mailbox is read without that too.
    async fn watch(&self, seen: &mut Seen) -> Result<(), Ended> {
        let now = self.desk.collector.context.clock.now();
        if seen.watch.as_ref().is_some_and(|watch| watch.ends > now.plus_seconds(RENEW)) {
            return Ok(());
        }
        let Some(call) = self.api.watch(seen.watch.as_ref(), self.setup, now)? else {
            seen.watch = None;
            return Ok(());
        };
        let reply = match self.ask(&call).await {
            Err(Ended::Trouble(Trouble::Failed { reason, .. })) => {
                seen.notes.push(untold(&reason));
                return Ok(());
            }
            asked => asked?,
        };
        match self.api.watched(&reply) {
            Ok(watch) => seen.watch = Some(watch),
            Err(Refusal::Token) => return Err(Ended::Token),
            // The next look begins another.
            Err(Refusal::Gone | Refusal::Forgotten) => seen.watch = None,
            Err(Refusal::Account(reason) | Refusal::Later { reason, .. }) => {
                seen.notes.push(untold(&reason));
            }
        }
        Ok(())
    }

    async fn ask(&self, call: &HttpCall) -> Result<HttpReply, Ended> {
        let collector = self.desk.collector;
        match collector.way.http.ask(call, EXCHANGE, None, &collector.context.clock).await {
            Reply::Answered(reply) => Ok(reply),
            Reply::Unreached { text } | Reply::Lost { text } | Reply::Unread { text } | Reply::Refused { text, .. } => {
                Err(Trouble::failed(text).into())
            }
            Reply::Accepted { .. } => Err(Trouble::failed("no answer of a web server").into()),
        }
    }
}

fn untold(reason: &str) -> String {
    format!("the provider does not tell of new mail by itself: {reason}")
}

fn ended(refusal: Refusal) -> Ended {
    match refusal {
        Refusal::Token => Ended::Token,
        Refusal::Account(reason) => Trouble::Refused(reason).into(),
        Refusal::Later { after, reason } => Trouble::Failed { after, reason }.into(),
        Refusal::Forgotten | Refusal::Gone => Trouble::failed("the provider does not know what was asked for").into(),
    }
}

/// The whole answer. None: it is larger than it may be.
async fn whole(mut brought: Download) -> Result<Option<Vec<u8>>, Trouble> {
    let most = u64::try_from(ANSWER).unwrap_or(u64::MAX);
    if brought.bytes.is_some_and(|bytes| bytes > most) {
        return Ok(None);
    }
    let mut body = Vec::new();
    while let Some(part) = brought.parts.next().await {
        body.extend_from_slice(&part.map_err(Trouble::failed)?);
        if body.len() > ANSWER {
            return Ok(None);
        }
    }
    Ok(Some(body))
}
