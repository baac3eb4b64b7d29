//! Mailboxes that are read by IMAP. The mailbox is opened for reading only: nothing in it changes, and no mail counts as seen by people.
//!
//! Mails are found by their UIDs, which grow. Their sizes are asked for before any is fetched, a range of UIDs at a time, and each is
//! fetched by itself: whatever the server says or claims, a look holds one mail.

mod dialogue;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kernel::Time;
use net::names::{Names, Reach};
use net::patience::Patience;
use providers::ImapServer;
use providers::collecting::{LARGEST, imap_server};
use providers::imap::Mark;
use rustls::ClientConfig;

use crate::look::Desk;
use crate::seen::{BYTES, Seen, Trouble};
use crate::take::{take, too_large};
use dialogue::{Dialogue, Opened};

/// How long a look may take: the function must live to note how it ended.
const LOOK: Duration = Duration::from_secs(120);
/// Seconds for which a look may begin another mail, so that it has time to come.
const READING: i64 = 90;
/// UIDs whose sizes are asked for at a time. Numbers are left free where mails were deleted.
const RANGE: u32 = 500;
/// Most ranges of one look.
const RANGES: usize = 20;

/// What connects to IMAP servers.
#[derive(Clone)]
pub struct Imap {
    reach: Reach,
    names: Names,
    patience: Patience,
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl std::fmt::Debug for Imap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Imap")
    }
}

impl Imap {
    /// To servers within that reach, by the system's resolver, trusting the public roots.
    pub fn new(reach: Reach) -> Self {
        Self { reach, names: Names::System, patience: Patience::Seconds, tls: Arc::default() }
    }

    /// The same with other patience.
    #[must_use]
    pub fn patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The same with other names.
    #[must_use]
    pub fn names(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// The same with other trust.
    #[must_use]
    pub fn trusting(self, tls: ClientConfig) -> Self {
        Self { tls: Arc::new(OnceLock::from(Arc::new(tls))), ..self }
    }

    /// Connects, and is let in.
    async fn open(&self, server: &ImapServer) -> Result<Dialogue, Trouble> {
        let mut limit = self.patience.start(LOOK);
        let found = limit.within(self.names.find(&server.host, server.port, self.reach)).await;
        let late = || Trouble::failed(format!("{} was not found in time", server.host));
        let addresses = found.ok_or_else(late)?.map_err(Trouble::failed)?;
        let tls = self.tls.get_or_init(|| Arc::new(aws::tls::public())).clone();
        Dialogue::open(&addresses, server, tls, limit).await
    }
}

/// Reads what is new.
pub(crate) async fn read(desk: &Desk<'_>, seen: &mut Seen) -> Result<(), Trouble> {
    let until = desk.collector.context.clock.now().plus_seconds(READING);
    let server = imap_server(desk.setup)?;
    let mut dialogue = desk.collector.way.imap.open(&server).await?;
    let opened = dialogue.examine(&server.mailbox).await?;
    let mut mark = beginning(opened, seen);
    let read = since(desk, &mut dialogue, opened, until, &mut mark, seen).await;
    // What was taken in before something went wrong needs no second look.
    seen.mark = Some(mark.to_string());
    read?;
    dialogue.leave().await;
    Ok(())
}

/// Where reading goes on. Mail that was there before the first look stays where it is.
fn beginning(opened: Opened, seen: &mut Seen) -> Mark {
    let now = Mark { validity: opened.validity, last: opened.next.saturating_sub(1) };
    match seen.mark.as_deref().and_then(Mark::parse) {
        Some(mark) if mark.validity == opened.validity => mark,
        Some(_) => {
            seen.notes.push("the server has numbered its mails anew: reading begins anew".to_owned());
            now
        }
        None => now,
    }
}

async fn since(
    desk: &Desk<'_>,
    dialogue: &mut Dialogue,
    opened: Opened,
    until: Time,
    mark: &mut Mark,
    seen: &mut Seen,
) -> Result<(), Trouble> {
    let began = *mark;
    for _ in 0..RANGES {
        let first = mark.last.saturating_add(1);
        if first >= opened.next {
            return Ok(());
        }
        let last = mark.last.saturating_add(RANGE).min(opened.next - 1);
        for (uid, size) in dialogue.sizes(first, last).await? {
            let bytes = usize::try_from(size).unwrap_or(usize::MAX);
            let full = seen.fetched > 0 && bytes <= LARGEST && seen.bytes.saturating_add(bytes) > BYTES;
            let late = *mark != began && desk.collector.context.clock.now() >= until;
            if seen.is_enough() || full || late {
                seen.more = true;
                return Ok(());
            }
            let mail = Mark { last: uid, ..*mark }.to_string();
            if bytes > LARGEST {
                seen.pass_over(&mail, too_large(Some(size)));
            } else if seen.comes_to(&mail) {
                if let Some(raw) = dialogue.mail(uid).await? {
                    take(desk, &mail, &raw, seen).await?;
                }
                seen.at = None;
            }
            mark.last = uid;
        }
        mark.last = last;
    }
    seen.more = mark.last.saturating_add(1) < opened.next;
    Ok(())
}
