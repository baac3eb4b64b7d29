//! Reading what was sent: the parts that a mail program shows, and the addresses of ours that it would call.

use kernel::{Keys, Purpose, Reference};
use mail_parser::{Address, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use providers::mail::REF_HEADER;
use send::outbox::Kept;

/// Paths of the intake, each followed by a token.
pub(super) const OPEN: &str = "/t/o/";
pub(super) const CLICK: &str = "/t/c/";
pub(super) const LEAVE: &str = "/u/";

/// A message as a mail program has it.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// Subject, decoded.
    pub(super) subject: String,
    /// Author, decoded.
    pub(super) from: String,
    /// Visible recipients, decoded.
    pub(super) to: String,
    /// The rich part.
    pub(super) html: Option<String>,
    /// The plain part.
    pub(super) text: Option<String>,
    /// Every header as it went out, in order.
    pub(super) headers: Vec<(String, String)>,
    /// The links of the rich part, in order, each once.
    pub(super) links: Vec<Link>,
    /// Its files, in order.
    pub(super) files: Vec<File>,
    /// Token of the pixel.
    pub(super) pixel: Option<String>,
    /// Token of the unsubscribe address.
    pub(super) leave: Option<String>,
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    /// File name.
    pub(super) name: String,
    /// Media type.
    pub(super) media_type: String,
    /// The id that the rich part refers to it by.
    pub(super) content_id: Option<String>,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// A link of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Where it leads in the end.
    pub(super) url: String,
    /// Token of the click redirect that it goes through; none when it is not tracked.
    pub(super) token: Option<String>,
}

/// Subject and author: all that a list shows.
pub(super) fn head(kept: &Kept) -> Mail {
    MessageParser::new().with_minimal_headers().parse_headers(&kept.raw).map_or_else(Mail::default, |message| of_head(&message))
}

fn of_head(message: &Message<'_>) -> Mail {
    Mail {
        subject: message.subject().unwrap_or_default().to_owned(),
        from: message.from().map(people).unwrap_or_default(),
        to: message.to().map(people).unwrap_or_default(),
        ..Mail::default()
    }
}

fn people(address: &Address<'_>) -> String {
    let people = address.iter().map(|person| match (person.name(), person.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (Some(alone), None) | (None, Some(alone)) => alone.to_owned(),
        (None, None) => String::new(),
    });
    people.collect::<Vec<_>>().join(", ")
}

/// All of it.
pub(super) fn read(kept: &Kept, keys: &Keys) -> Mail {
    let Some(message) = MessageParser::default().parse(&kept.raw) else { return Mail::default() };
    let html = message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.to_string()),
        PartType::Text(_) | PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Message(_) | PartType::Multipart(_) => {
            None
        }
    });
    let text = message.text_bodies().find_map(|part| match &part.body {
        PartType::Text(text) => Some(text.to_string()),
        PartType::Html(_) | PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Message(_) | PartType::Multipart(_) => {
            None
        }
    });
    let headers: Vec<(String, String)> = message.headers().iter().map(|header| of_header(&kept.raw, header)).collect();
    let is_for = |purpose| move |token: &&str| Reference::verify(keys, purpose, token).is_some();
    let leave = header(&headers, "List-Unsubscribe").and_then(|value| tokens(value, LEAVE).find(is_for(Purpose::Unsubscribe)));
    Mail {
        links: html.as_deref().map(|html| links(html, keys)).unwrap_or_default(),
        pixel: html.as_deref().and_then(|html| tokens(html, OPEN).find(is_for(Purpose::Open))).map(str::to_owned),
        leave: leave.map(str::to_owned),
        files: message.attachments().map(file).collect(),
        html,
        text,
        headers,
        ..of_head(&message)
    }
}

fn file(part: &MessagePart<'_>) -> File {
    let kind = part.content_type().map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()));
    File {
        name: part.attachment_name().unwrap_or("file").to_owned(),
        media_type: kind.unwrap_or_else(|| "application/octet-stream".to_owned()),
        content_id: part.content_id().map(str::to_owned),
        bytes: part.contents().to_vec(),
    }
}

fn of_header(raw: &[u8], header: &mail_parser::Header<'_>) -> (String, String) {
    let place = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    let value = raw.get(place(header.offset_start)..place(header.offset_end)).unwrap_or_default();
    (header.name.as_str().to_owned(), String::from_utf8_lossy(value).trim().to_owned())
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Our reference, which providers hand back: with the message, or else in its head.
pub(super) fn tag(kept: &Kept) -> String {
    if !kept.tag.is_empty() {
        return kept.tag.clone();
    }
    let name = HeaderName::Other(REF_HEADER.into());
    let message = MessageParser::new().default_header_text().parse_headers(&kept.raw);
    message.and_then(|message| message.header(name)?.as_text().map(|tag| tag.trim().to_owned())).unwrap_or_default()
}

/// The links of a rich part. Those through our redirect are shown with where they lead.
fn links(html: &str, keys: &Keys) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    // Every link is looked at and none is rewritten.
    render::rewrite_links(html, |url| {
        let opened = tokens(url, CLICK).find_map(|token| Some((token.to_owned(), keys.open_link(token)?.1)));
        let link = match opened {
            Some((token, url)) => Link { url, token: Some(token) },
            None => Link { url: url.to_owned(), token: None },
        };
        if !links.contains(&link) {
            links.push(link);
        }
        None
    });
    links
}

/// Whatever stands where a token stands after a path.
pub(super) fn tokens<'t>(text: &'t str, path: &'static str) -> impl Iterator<Item = &'t str> {
    text.match_indices(path).filter_map(move |(at, _)| {
        let rest = text.get(at + path.len()..)?;
        let end = rest.find(|other: char| !(other.is_ascii_alphanumeric() || matches!(other, '-' | '_')));
        rest.get(..end.unwrap_or(rest.len())).filter(|token| !token.is_empty())
    })
}

#[cfg(test)]
pub(super) mod tests {
    use kernel::ids::{MessageId, TenantId};
    use kernel::{Clock, Email, Ids, Secret, Time};
    use providers::{Content, Mail as Letter, Mailbox, Outgoing};

    use super::*;

    pub(crate) fn keys() -> Keys {
        Keys::derive(&Secret::new("a deployment secret of some length")).unwrap()
    }

    pub(crate) fn ids() -> (TenantId, MessageId) {
        let (ids, clock) = (Ids::seeded(3), Clock::manual(Time::from_millis(1_772_000_000_000)));
        (TenantId::new(&ids, &clock), MessageId::new(&ids, &clock))
    }

    pub(crate) fn sample(html: &str) -> Kept {
        let (tenant, message) = ids();
        let email = |text| Email::parse(text).unwrap();
        let (keys, at) = (keys(), Time::from_millis(1_772_000_000_000));
        let letter = Letter {
            from: Mailbox { email: email("news@shop.example"), name: Some("Läden".to_owned()) },
            to: Mailbox { email: email("ada@example.com"), name: Some("<b>Ada</b>".to_owned()) },
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: None,
            subject: "Grüße <script>alert(1)</script>".to_owned(),
            html: Some(html.to_owned()),
            text: Some("Plain & simple".to_owned()),
            headers: [("X-Note".to_owned(), "\"><img src=x>".to_owned())].into(),
            unsubscribe: Some(format!(
                "https://mail.example/u/{}",
                keys.reference_token(Purpose::Unsubscribe, tenant, message)
            )),
            attachments: Vec::new(),
        };
        let outgoing = Outgoing {
            id: message.hex(),
            tag: keys.reference_token(Purpose::Tag, tenant, message),
            at,
            entropy: [0; 48],
            content: Content::Mail(Box::new(letter)),
        };
        let raw = providers::mail::build(&outgoing).unwrap().whole().unwrap();
        let (id, provider) = ("019c93b6d800-000000".to_owned(), "smtp".to_owned());
        Kept { id, tag: String::new(), provider, from: email("news@shop.example"), to: vec![email("ada@example.com")], raw, at }
    }

    #[test]
    fn the_parts_of_a_message_are_read_and_decoded() {
        let mail = read(&sample("<p>Rich</p>"), &keys());
        assert_eq!(mail.subject, "Grüße <script>alert(1)</script>");
        assert_eq!(mail.from, "Läden <news@shop.example>");
        assert_eq!(mail.to, "<b>Ada</b> <ada@example.com>");
        assert_eq!(mail.html.as_deref().map(str::trim), Some("<p>Rich</p>"));
        assert_eq!(mail.text.as_deref().map(str::trim), Some("Plain & simple"));
        assert_eq!(header(&mail.headers, "x-note"), Some("\"><img src=x>"));
        let (tenant, message) = ids();
        assert_eq!(mail.leave, Some(keys().reference_token(Purpose::Unsubscribe, tenant, message)));
        assert_eq!(head(&sample("<p>Rich</p>")).subject, mail.subject);
    }

    #[test]
    fn the_reference_comes_with_the_message_or_from_its_head() {
        let mut kept = sample("");
        let (tenant, message) = ids();
        assert_eq!(tag(&kept), keys().reference_token(Purpose::Tag, tenant, message));
        kept.tag = "given".to_owned();
        assert_eq!(tag(&kept), "given");
        let bare = Kept { raw: b"Subject: x\r\n\r\n".to_vec(), tag: String::new(), ..kept };
        assert_eq!(tag(&bare), "");
    }

    #[test]
    fn links_are_shown_with_where_they_lead_and_each_once() {
        let (tenant, message) = ids();
        let token = keys().link_token(tenant, message, "https://shop.example/?a=1&b=2").unwrap();
        let html = format!(
            "<a href='https://m.example/t/c/{token}'>1</a><a href=\"https://m.example/t/c/{token}\">2</a>\
             <a href=\"http://plain.example/?x&amp;y\">3</a><a href='https://m.example/t/c/forged'>4</a>\
             <a href='mailto:a@b.example'>5</a><!-- <a href='https://hidden.example'>6</a> -->"
        );
        let plain = |url: &str| Link { url: url.to_owned(), token: None };
        let mail = read(&sample(&html), &keys());
        let tracked = Link { url: "https://shop.example/?a=1&b=2".to_owned(), token: Some(token) };
        assert_eq!(mail.links, [tracked, plain("http://plain.example/?x&y"), plain("https://m.example/t/c/forged")]);
    }

    #[test]
    fn only_a_pixel_of_ours_is_one() {
        let (tenant, message) = ids();
        let token = keys().reference_token(Purpose::Open, tenant, message);
        let html = format!("<img src='https://a.example/t/o/forged'><img src=\"https://m.example/t/o/{token}\">");
        assert_eq!(read(&sample(&html), &keys()).pixel, Some(token));
        assert_eq!(read(&sample("<img src='https://a.example/t/o/forged'>"), &keys()).pixel, None);
    }

    #[test]
    fn what_is_no_message_is_shown_as_nothing() {
        for raw in [&b""[..], b"\0\xff\xfe", b"\r\n\r\n", b"no header at all"] {
            let kept = Kept { raw: raw.to_vec(), ..sample("") };
            let mail = read(&kept, &keys());
            assert!(mail.html.is_none() && mail.links.is_empty());
            head(&kept);
        }
    }
}
