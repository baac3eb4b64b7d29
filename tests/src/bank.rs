//! A bank of tokens, as strict as a provider may be: every code and every refresh token is good once, and each new access token ends
//! the one before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use kernel::Clock;
use providers::{HttpCall, HttpReply, Login, Reply};
use serde_json::{Value, json};

use crate::story::Story;
use crate::tenant::Company;

/// A secret of the app that is registered with the bank.
pub const SECRET: &str = "hunter2-app-canary";
/// The refresh token that the bank takes at first.
pub const FIRST: &str = "refresh-canary-0";
/// The code that a person brings along.
pub const CODE: &str = "code-canary";

/// See the file's head. Clones are one bank.
#[derive(Clone)]
pub struct Bank {
    clock: Clock,
    books: Arc<Mutex<Books>>,
}

/// What the bank remembers.
#[derive(Debug)]
pub struct Books {
    /// The refresh token that is good.
    pub refresh: String,
    /// The access token that is good.
    pub access: String,
    /// Refresh tokens that were shown, and codes.
    pub shown: Vec<String>,
    /// Mails that were taken.
    pub taken: usize,
    code: Option<String>,
    given: usize,
}

impl Bank {
    /// A bank that stands behind the story's providers from now on.
    pub fn open(story: &Story) -> Self {
        let books = Books {
            refresh: FIRST.to_owned(),
            access: String::new(),
            shown: Vec::new(),
            taken: 0,
            code: Some(CODE.to_owned()),
            given: 0,
        };
        let bank = Self { clock: story.clock.clone(), books: Arc::new(Mutex::new(books)) };
        let mind = bank.clone();
        story.outbox.answer_by(move |call| mind.answer(call));
        bank
    }

    /// Its books.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    fn answer(&self, call: &HttpCall) -> Option<Reply> {
        let body = call.body.whole()?;
        let fields: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
        let (status, said) = match call.host().as_str() {
            "oauth2.googleapis.com" if fields.contains_key("grant_type") => self.give(&fields),
            // The question what a token may do.
            "oauth2.googleapis.com" => (200, json!({ "scope": "https://www.googleapis.com/auth/gmail.send" })),
            "gmail.googleapis.com" => self.take(&call.login),
            _ => return None,
        };
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Some(Reply::Answered(HttpReply { status, headers, body: said.to_string().into_bytes(), at: self.clock.now() }))
    }

    fn give(&self, fields: &BTreeMap<String, String>) -> (u16, Value) {
        let mut books = self.books();
        let refused = (400, json!({ "error": "invalid_grant", "error_description": "Token has been expired or revoked." }));
        assert_eq!(fields["client_secret"], SECRET, "the app shows who it is");
        let good = match fields["grant_type"].as_str() {
            "refresh_token" => {
                books.shown.push(fields["refresh_token"].clone());
                fields["refresh_token"] == books.refresh
            }
            "authorization_code" => {
                books.shown.push(fields["code"].clone());
                assert_eq!(fields["redirect_uri"], "https://switchboard.example/hooks/consent");
                assert_eq!(fields["code_verifier"].len(), 43);
                books.code.take_if(|code| *code == fields["code"]).is_some()
            }
            other => panic!("{other} is no grant"),
        };
        if !good {
            return refused;
        }
        books.given += 1;
        books.refresh = format!("refresh-canary-{}", books.given);
        books.access = format!("access-canary-{}", books.given);
        (200, json!({ "access_token": books.access, "expires_in": 3900, "refresh_token": books.refresh }))
    }

    fn take(&self, login: &Login) -> (u16, Value) {
        let mut books = self.books();
        let Login::Bearer(token) = login else { panic!("a mail without a token") };
        if token.reveal() != books.access {
            return (401, json!({ "error": { "code": 401, "message": "Invalid Credentials" } }));
        }
        books.taken += 1;
        (200, json!({ "id": format!("mail-{}", books.taken) }))
    }
}

/// An account that sends by this bank's tokens. Nobody has consented to it.
pub async fn account(company: &Company<'_>) -> String {
    mailbox(company, json!({ "client_id": "app", "client_secret": SECRET })).await
}

/// The same with a refresh token that somebody brought along.
pub async fn consented(company: &Company<'_>) -> String {
    mailbox(company, json!({ "client_id": "app", "client_secret": SECRET, "refresh_token": FIRST })).await
}

async fn mailbox(company: &Company<'_>, credentials: Value) -> String {
    company.account(&json!({ "name": "Mailbox", "provider": "gmail", "credentials": credentials })).await
}
