//! A mail in fields, for providers that write the message themselves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Email, Error, Result};

use super::REF_HEADER;
use crate::{Mail, Outgoing};

/// Visible and hidden further recipients, without those who stand before: some providers refuse a message that names somebody
/// twice.
pub(crate) fn further(message: &Mail) -> (Vec<&Email>, Vec<&Email>) {
    let mut keys = vec![message.to.email.key()];
    let mut new = |email: &&Email| {
        let key = email.key();
        let new = !keys.contains(&key);
        keys.push(key);
        new
    };
    (message.cc.iter().filter(&mut new).collect(), message.bcc.iter().filter(&mut new).collect())
}

/// The headers that go along where a provider writes the message itself: those given, our own, and those of the list. Values are
/// ASCII, encoded where they must be.
pub(crate) fn headers(outgoing: &Outgoing, message: &Mail) -> Vec<(String, String)> {
    let mut headers = vec![
        ("Message-ID".to_owned(), format!("<{}>", super::message_id(outgoing, message))),
        (REF_HEADER.to_owned(), outgoing.tag.clone()),
    ];
    if let Some(address) = &message.unsubscribe {
        headers.push(("List-Unsubscribe".to_owned(), format!("<{address}>")));
        headers.push(("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned()));
    }
    headers.extend(message.headers.iter().map(|(name, value)| (name.clone(), plain(value.trim()))));
    headers
}

/// Refuses headers whose names begin with what a provider keeps for itself, in small letters.
pub(crate) fn check_reserved(message: &Mail, reserved: &[&str], detail: &str) -> Result<()> {
    let taken = |name: &str| reserved.iter().any(|word| name.to_ascii_lowercase().starts_with(word));
    match message.headers.iter().position(|(name, _)| taken(name)) {
        Some(index) => Err(Error::invalid(format!("/headers/{index}"), "header", detail)),
        None => Ok(()),
    }
}

/// Refuses a message that is larger than a provider takes, all its parts as they are sent.
pub(crate) fn check_size(message: &Mail, most: u64) -> Result<()> {
    let said = [&message.html, &message.text].into_iter().flatten().map(String::len).sum::<usize>();
    let files = message.attachments.iter().map(|file| file.bytes.div_ceil(3).saturating_mul(4)).fold(0, u64::saturating_add);
    if files.saturating_add(u64::try_from(said).unwrap_or(u64::MAX)) > most {
        let detail = format!("this provider takes {} MB, files being a third larger on their way", most / 1024 / 1024);
        return Err(Error::invalid("/attachments", "too_large", detail));
    }
    Ok(())
}

/// Free text as ASCII, encoded where it must be (RFC 2047).
pub(super) fn plain(text: &str) -> String {
    if text.is_ascii() && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        // An encoded word has at most 75 characters, and ends between two of the text's.
        let (word, after) = rest.split_at(rest.floor_char_boundary(45));
        words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
        rest = after;
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attachment, Mailbox};

    fn mail() -> Mail {
        let email = |text: &str| Email::parse(text).unwrap();
        Mail {
            from: Mailbox { email: email("news@shop.example"), name: None },
            to: Mailbox { email: email("ada@example.com"), name: None },
            cc: ["ADA@example.com", "eve@example.com", "eve@example.com"].map(email).to_vec(),
            bcc: ["Eve@example.com", "bob@example.com"].map(email).to_vec(),
            reply_to: None,
            subject: "x".to_owned(),
            html: None,
            text: Some("y".repeat(1024 * 1024)),
            headers: Vec::new(),
            unsubscribe: None,
            attachments: Vec::new(),
        }
    }

    #[test]
    fn nobody_is_named_twice() {
        let mail = mail();
        let (cc, bcc) = further(&mail);
        assert_eq!(cc.iter().map(|email| email.as_str()).collect::<Vec<_>>(), ["eve@example.com"]);
        assert_eq!(bcc.iter().map(|email| email.as_str()).collect::<Vec<_>>(), ["bob@example.com"]);
    }

    #[test]
    fn files_count_as_they_are_sent() {
        let mut mail = mail();
        let file = |bytes| Attachment {
            name: "a".to_owned(),
            media_type: "a/b".to_owned(),
            bytes,
            stored: "a".to_owned(),
            content_id: None,
        };
        mail.attachments = vec![file(3 * 1024 * 1024)];
        assert!(check_size(&mail, 5 * 1024 * 1024).is_ok());
        mail.attachments.push(file(1));
        let Err(Error::Invalid(faults)) = check_size(&mail, 5 * 1024 * 1024) else { unreachable!() };
        assert_eq!(faults[0].pointer, "/attachments");
        mail.attachments = vec![file(u64::MAX), file(u64::MAX)];
        assert!(check_size(&mail, u64::MAX - 1).is_err());
    }

    #[test]
    fn words_are_encoded_where_they_must_be() {
        assert_eq!(plain("spring sale"), "spring sale");
        for text in ["déjà vu", "=?utf-8?Q?literal?=", &"計算".repeat(40)] {
            let encoded = plain(text);
            assert!(encoded.is_ascii() && encoded.split(' ').all(|word| word.len() <= 75), "{encoded}");
            assert_eq!(crate::mime::words(&encoded), *text);
        }
    }
}
