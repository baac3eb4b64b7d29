//! Gmail and Microsoft Graph as far as reading a mailbox takes, on a server that a test plays.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use collect::Way;
use net::http::Http;
use net::names::{Names, Reach};
use net::patience::Patience;
use serde_json::{Value, json};
use stub::Identity;
use stub::web::{Asked, Deed, Stub, says};

const HOSTS: [&str; 4] = ["gmail.googleapis.com", "oauth2.googleapis.com", "graph.microsoft.com", "login.microsoftonline.com"];

/// A mailbox at both providers.
#[derive(Debug, Default)]
pub struct Mailbox {
    /// The mails, the oldest first. An id is the place.
    pub mails: Vec<String>,
    /// Marks below that are forgotten.
    pub known_from: usize,
    /// How many mails of a page are told at most.
    pub page: usize,
    /// Access tokens that were given.
    pub tokens: usize,
    /// Whether the present token is refused once.
    pub spoilt: bool,
    /// What has the provider tell of new mail, as it was asked.
    pub watches: Vec<(String, Value)>,
    /// Whether it gives no answer to that.
    pub deaf: bool,
    /// Mails that are not handed over, and the status that says so.
    pub withheld: Option<(Vec<usize>, &'static str)>,
    /// Whether history begins with a page of nothing but other changes, and how often that page was asked for.
    pub other_changes: Option<usize>,
}

/// A provider on this machine, and the way there.
#[derive(Debug)]
pub struct Cloud {
    mailbox: Arc<Mutex<Mailbox>>,
    /// The server.
    pub stub: Stub,
    identity: Identity,
}

impl Cloud {
    /// Both providers, with an empty mailbox.
    pub async fn open() -> Self {
        let mailbox = Arc::new(Mutex::new(Mailbox { page: 100, ..Mailbox::default() }));
        let identity = Identity::of_all(&HOSTS.map(str::to_owned));
        let mind = mailbox.clone();
        let judge = Arc::new(move |asked: &Asked| answer(&mut mind.lock().unwrap(), asked));
        let stub = Stub::judging(Some(&identity), &["http/1.1"], judge).await;
        Self { mailbox, stub, identity }
    }

    /// The way there.
    pub fn way(&self) -> Way {
        let here = SocketAddr::from(([127, 0, 0, 1], self.stub.port));
        let names = Names::Prepared(Arc::new(Mutex::new(VecDeque::from(vec![vec![here]; 100]))));
        let patience = Patience::Told(self.stub.silent.clone());
        let http = Http::new(Reach::Anywhere).patience(patience).names(names).trusting(self.identity.client.clone());
        Way { http, ..Way::nowhere() }
    }

    /// The mailbox.
    pub fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap()
    }

    /// A mail of that number comes in from Ada.
    pub fn deliver(&self, number: u32) {
        self.mailbox().mails.push(format!(
            "From: Ada <ada@example.com>\r\nTo: shop@acme.example\r\nMessage-ID: <m{number}@example.com>\r\n\r\nMail {number}\r\n"
        ));
    }
}

/// What the providers say. A mark is the number of mails that there were.
fn answer(mailbox: &mut Mailbox, asked: &Asked) -> Deed {
    let path = asked.line.split(' ').nth(1).unwrap();
    let address = url::Url::parse(&format!("https://x.example{path}")).unwrap();
    let parameter = |wanted: &str| address.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    let json = |status: &str, body: &Value| Deed::Say(says(status, "content-type: application/json\r\n", &body.to_string()));
    if address.path().ends_with("/token") {
        mailbox.tokens += 1;
        return json("200 OK", &json!({ "access_token": format!("canary-{}", mailbox.tokens), "expires_in": 3600 }));
    }
    let token = format!("Bearer canary-{}", mailbox.tokens);
    if std::mem::take(&mut mailbox.spoilt) || asked.header("authorization") != Some(&token) {
        return json("401 Unauthorized", &json!({ "error": { "code": 401, "message": "Invalid Credentials" } }));
    }
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let method = asked.line.split(' ').next().unwrap();
    match (method, address.path()) {
        (_, path) if mailbox.deaf && (path.ends_with("/watch") || path.starts_with("/v1.0/subscriptions")) => Deed::Silence,
        ("POST", "/gmail/v1/users/me/watch") => {
            mailbox.watches.push((method.to_owned(), body));
            json("200 OK", &json!({ "historyId": "1", "expiration": "1773050400000" }))
        }
        ("GET", "/gmail/v1/users/me/profile") => json("200 OK", &json!({ "historyId": mailbox.mails.len().to_string() })),
        ("GET", "/gmail/v1/users/me/history") => {
            assert_eq!(parameter("labelId").as_deref(), Some("INBOX"));
            let from: usize = parameter("startHistoryId").unwrap().parse().unwrap();
            if from < mailbox.known_from {
                return json(
                    "404 Not Found",
                    &json!({ "error": { "code": 404, "message": "Requested entity was not found." } }),
                );
            }
            if let Some(asked) = &mut mailbox.other_changes {
                match parameter("pageToken") {
                    None => {
                        *asked += 1;
                        return json("200 OK", &json!({ "nextPageToken": format!("page-{asked}"), "historyId": "9" }));
                    }
                    // The first breaks off, and is good for nothing any more.
                    Some(page) if page == "page-1" && *asked == 1 => return Deed::Silence,
                    Some(page) if page != format!("page-{asked}") => {
                        return json("400 Bad Request", &json!({ "error": { "code": 400, "message": "Invalid pageToken" } }));
                    }
                    Some(_) => {}
                }
            }
            let until = mailbox.mails.len().min(from + mailbox.page);
            let record =
                |at: usize| json!({ "id": (at + 1).to_string(), "messagesAdded": [{ "message": { "id": at.to_string() } }] });
            let mut said = json!({ "history": (from..until).map(record).collect::<Vec<_>>(), "historyId": until.to_string() });
            if until < mailbox.mails.len() {
                said["nextPageToken"] = json!("page");
            }
            json("200 OK", &said)
        }
        ("GET", "/v1.0/me/mailFolders/inbox/messages/delta") => {
            let from: usize = parameter("$deltatoken").map_or(mailbox.mails.len(), |mark| mark.parse().unwrap());
            if from < mailbox.known_from {
                return json("410 Gone", &json!({ "error": { "code": "SyncStateNotFound", "message": "gone" } }));
            }
            let until = mailbox.mails.len().min(from + mailbox.page);
            let found: Vec<Value> = (from..until).map(|at| json!({ "id": at.to_string() })).collect();
            let link = format!("https://graph.microsoft.com/v1.0/me/mailFolders/inbox/messages/delta?$deltatoken={until}");
            let name = if until < mailbox.mails.len() { "@odata.nextLink" } else { "@odata.deltaLink" };
            json("200 OK", &json!({ "value": found, name: link }))
        }
        (_, path) if path.starts_with("/v1.0/subscriptions") => {
            mailbox.watches.push((format!("{method} {path}"), body.clone()));
            json("201 Created", &json!({ "id": "s1", "expirationDateTime": body["expirationDateTime"] }))
        }
        ("GET", path) => {
            let raw = path.strip_suffix("/$value");
            let id = raw.unwrap_or(path).rsplit('/').next().unwrap();
            if let Some((_, status)) = mailbox.withheld.as_ref().filter(|(mails, _)| mails.contains(&id.parse().unwrap())) {
                return json(
                    status,
                    &json!({ "error": { "code": "Withheld", "message": format!("{token} may not have it") } }),
                );
            }
            let Some(mail) = mailbox.mails.get(id.parse::<usize>().unwrap()) else {
                return json("404 Not Found", &json!({ "error": { "code": "ErrorItemNotFound", "message": "no such mail" } }));
            };
            match raw {
                Some(_) => Deed::Say(says("200 OK", "content-type: text/plain\r\n", mail)),
                None => json("200 OK", &json!({ "raw": URL_SAFE_NO_PAD.encode(mail) })),
            }
        }
        (method, path) => panic!("{method} {path} is not asked for"),
    }
}
