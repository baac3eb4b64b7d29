//! Templates that every new tenant starts with. Each stands alone, so that it can be changed or deleted without a thought for
//! the others.

use std::collections::BTreeMap;

use kernel::Locale;
use render::{Source, Variable};

use super::Use;
use crate::Category;

/// One shipped template.
#[derive(Clone, Debug)]
pub struct Shipped {
    /// Its slug.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Message or layout.
    pub r#use: Use,
    /// Category of its messages.
    pub category: Category,
    /// What it says, in English and maybe other languages.
    pub contents: BTreeMap<Locale, Source>,
    /// The variables it takes.
    pub variables: Vec<Variable>,
}

struct Raw {
    name: &'static str,
    description: &'static str,
    subject: &'static str,
    body: &'static str,
    variables: &'static str,
    /// Language, subject and body of other languages than English.
    others: &'static [(&'static str, &'static str, &'static str)],
}

const FRAME: (&str, &str) = (
    "\"><body style=\"margin:0;background:#f4f5f7;font-family:Helvetica,Arial,sans-serif\">\
     <div style=\"max-width:560px;margin:24px auto;padding:32px;background:#ffffff;border-radius:8px;color:#1c1e21;\
     font-size:16px;line-height:1.5\">",
    "<p style=\"color:#6b7280;font-size:13px\">{{ tenant.name }}</p></div></body></html>",
);

const RAW: &[Raw] = &[
    Raw {
        name: "welcome",
        description: "Greets a new customer.",
        subject: "Welcome to {{ tenant.name }}{% if contact.first_name %}, {{ contact.first_name }}{% endif %}",
        body: "<h1>Welcome{% if contact.first_name %}, {{ contact.first_name }}{% endif %}!</h1>\
               <p>We are glad to have you. Answer this message whenever you have a question.</p>\
               {% if start_url %}<p><a href=\"{{ start_url }}\">Get started</a></p>{% endif %}",
        variables: r#"[{"name":"start_url","kind":"text"}]"#,
        others: &[],
    },
    Raw {
        name: "invoice",
        description: "Tells of a new invoice.",
        subject: "Invoice {{ number }} from {{ tenant.name }}",
        body: "<h1>Invoice {{ number }}</h1><p>Amount: <strong>{{ amount }}</strong>{% if due %}<br>Due: {{ due }}{% endif %}</p>\
               {% if url %}<p><a href=\"{{ url }}\">See the invoice</a></p>{% endif %}",
        variables: r#"[{"name":"number","kind":"text","required":true},{"name":"amount","kind":"text","required":true},
                       {"name":"due","kind":"text"},{"name":"url","kind":"text"}]"#,
        others: &[],
    },
    Raw {
        name: "payment-reminder",
        description: "Reminds of an unpaid invoice.",
        subject: "Invoice {{ number }} is due {{ due }}",
        body: "<h1>A reminder</h1><p>Invoice {{ number }} over <strong>{{ amount }}</strong> is due {{ due }}. \
               If you have paid it already, please ignore this message.</p>\
               {% if url %}<p><a href=\"{{ url }}\">Pay now</a></p>{% endif %}",
        variables: r#"[{"name":"number","kind":"text","required":true},{"name":"amount","kind":"text","required":true},
                       {"name":"due","kind":"text","required":true},{"name":"url","kind":"text"}]"#,
        others: &[],
    },
    Raw {
        name: "overdue",
        description: "Tells of an invoice that is overdue.",
        subject: "Invoice {{ number }} is overdue",
        body: "<h1>Overdue</h1><p>Invoice {{ number }} over <strong>{{ amount }}</strong> was due {{ due }}. \
               If you have paid it already, please ignore this message.</p>\
               {% if url %}<p><a href=\"{{ url }}\">Pay now</a></p>{% endif %}",
        variables: r#"[{"name":"number","kind":"text","required":true},{"name":"amount","kind":"text","required":true},
                       {"name":"due","kind":"text","required":true},{"name":"url","kind":"text"}]"#,
        others: &[],
    },
    Raw {
        name: "onboarding",
        description: "Shows a new user around.",
        subject: "Getting started with {{ tenant.name }}",
        body: "<h1>Getting started{% if name %}, {{ name }}{% endif %}</h1>\
               <p>Your access is set up. Answer this message whenever something is unclear.</p>\
               {% if start_url %}<p><a href=\"{{ start_url }}\">Begin</a></p>{% endif %}",
        variables: r#"[{"name":"name","kind":"text"},{"name":"start_url","kind":"text"}]"#,
        others: &[],
    },
    Raw {
        name: "thanks",
        description: "Thanks for an order.",
        subject: "Thank you{% if contact.first_name %}, {{ contact.first_name }}{% endif %}",
        body: "<h1>Thank you</h1><p>We look forward to working with you. \
               Answer this message whenever you have a question.</p>{% if url %}<p><a href=\"{{ url }}\">See more</a></p>{% endif %}",
        variables: r#"[{"name":"url","kind":"text"}]"#,
        others: &[],
    },
    Raw {
        name: "outage",
        description: "Tells of an interruption of service.",
        subject: "Service interruption: {{ service }}",
        body: "<h1>{{ service }} is interrupted</h1><p>Since {{ since }} the service does not work as it should. \
               {% if expected %}We expect it back {{ expected }}.{% else %}We are working on it.{% endif %}</p>",
        variables: r#"[{"name":"service","kind":"text","required":true},{"name":"since","kind":"text","required":true},
                       {"name":"expected","kind":"text"}]"#,
        others: &[],
    },
    Raw {
        name: "task-reminder",
        description: "Reminds a user of a task.",
        subject: "{% if about == \"overdue\" or about == \"escalated\" %}Overdue{% elif not about or about == \"reminder\" %}Reminder\
                  {% else %}{{ about | capitalize }}{% endif %}: {{ title }}",
        body: "<h1>{{ title }}</h1>{% if due %}<p>Due: {{ due }}</p>{% endif %}\
               {% if description %}<p>{{ description }}</p>{% endif %}",
        variables: r#"[{"name":"title","kind":"text","required":true},{"name":"about","kind":"text"},
                       {"name":"due","kind":"text"},{"name":"description","kind":"text"}]"#,
        others: &[],
    },
    Raw {
        name: "ticket",
        description: "Confirms a support request.",
        subject: "[{{ number }}] {{ title }}",
        body: "<h1>We have your request</h1><p>Its number is <strong>{{ number }}</strong>. \
               Answer this message to add something.</p><blockquote>{{ title }}</blockquote>",
        variables: r#"[{"name":"number","kind":"text","required":true},{"name":"title","kind":"text","required":true}]"#,
        others: &[],
    },
    Raw {
        name: "confirm-consent",
        description: "Asks whether somebody really wants to be written to.",
        subject: "Please confirm: {{ category }} from {{ tenant.name }}",
        body: "<h1>One more step</h1><p>Do you want to get <strong>{{ category }}</strong> from {{ tenant.name }} by email?</p>\
               <p><a href=\"{{ confirm_url }}\">Yes, I do</a></p>\
               <p>The link works for seven days. If you did not ask for this, just ignore this message: nothing will come.</p>",
        variables: r#"[{"name":"category","kind":"text","required":true},{"name":"confirm_url","kind":"text","required":true}]"#,
        others: &[
            (
                "de",
                "Bitte bestätigen: {{ category }} von {{ tenant.name }}",
                "<h1>Noch ein Schritt</h1><p>Möchten Sie <strong>{{ category }}</strong> von {{ tenant.name }} per E-Mail erhalten?</p>\
                 <p><a href=\"{{ confirm_url }}\">Ja, das möchte ich</a></p>\
                 <p>Der Link gilt sieben Tage. Haben Sie nicht darum gebeten, tun Sie einfach nichts: Es wird nichts kommen.</p>",
            ),
            (
                "es",
                "Confirme, por favor: {{ category }} de {{ tenant.name }}",
                "<h1>Un paso más</h1><p>¿Desea recibir <strong>{{ category }}</strong> de {{ tenant.name }} por correo electrónico?</p>\
                 <p><a href=\"{{ confirm_url }}\">Sí, lo deseo</a></p>\
                 <p>El enlace es válido durante siete días. Si no lo ha pedido, no haga nada: no recibirá nada.</p>",
            ),
            (
                "fr",
                "Merci de confirmer : {{ category }} de {{ tenant.name }}",
                "<h1>Encore une étape</h1><p>Souhaitez-vous recevoir <strong>{{ category }}</strong> de {{ tenant.name }} par e-mail ?</p>\
                 <p><a href=\"{{ confirm_url }}\">Oui, je le souhaite</a></p>\
                 <p>Le lien est valable sept jours. Si vous n’avez rien demandé, ne faites rien : vous ne recevrez rien.</p>",
            ),
            (
                "it",
                "Confermi, per favore: {{ category }} da {{ tenant.name }}",
                "<h1>Ancora un passo</h1><p>Desidera ricevere <strong>{{ category }}</strong> da {{ tenant.name }} per e-mail?</p>\
                 <p><a href=\"{{ confirm_url }}\">Sì, lo desidero</a></p>\
                 <p>Il link vale sette giorni. Se non l’ha chiesto, non faccia nulla: non riceverà nulla.</p>",
            ),
            (
                "nl",
                "Bevestig alstublieft: {{ category }} van {{ tenant.name }}",
                "<h1>Nog één stap</h1><p>Wilt u <strong>{{ category }}</strong> van {{ tenant.name }} per e-mail ontvangen?</p>\
                 <p><a href=\"{{ confirm_url }}\">Ja, dat wil ik</a></p>\
                 <p>De link werkt zeven dagen. Hebt u hier niet om gevraagd, doe dan niets: er komt niets.</p>",
            ),
            (
                "pt",
                "Confirme, por favor: {{ category }} de {{ tenant.name }}",
                "<h1>Mais um passo</h1><p>Deseja receber <strong>{{ category }}</strong> de {{ tenant.name }} por e-mail?</p>\
                 <p><a href=\"{{ confirm_url }}\">Sim, desejo</a></p>\
                 <p>A ligação é válida durante sete dias. Se não o pediu, não faça nada: não receberá nada.</p>",
            ),
        ],
    },
];

/// What the shipped template of that name says in a language, or else in English.
pub fn content(name: &str, language: &str) -> Option<Source> {
    let raw = RAW.iter().find(|raw| raw.name == name)?;
    let other = raw.others.iter().find(|(other, ..)| *other == language);
    Some(other.map_or_else(|| source("en", raw.subject, raw.body), |(language, subject, body)| source(language, subject, body)))
}

/// Every shipped template.
pub fn all() -> Vec<Shipped> {
    RAW.iter()
        .map(|raw| {
            let others = raw
                .others
                .iter()
                .filter_map(|(language, subject, body)| Some((Locale::parse(language).ok()?, source(language, subject, body))));
            Shipped {
                name: raw.name,
                description: raw.description,
                r#use: Use::Message,
                category: Category::default(),
                contents: others.chain([(Locale::default(), source("en", raw.subject, raw.body))]).collect(),
                variables: serde_json::from_str(raw.variables).unwrap_or_default(),
            }
        })
        .collect()
}

fn source(language: &str, subject: &str, body: &str) -> Source {
    Source {
        subject: Some(subject.to_owned()),
        html: Some(format!("<!doctype html><html lang=\"{language}{}{body}{}", FRAME.0, FRAME.1)),
        ..Source::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_template_compiles_and_declares_its_variables() {
        for shipped in all() {
            for (locale, source) in &shipped.contents {
                let compiled = render::Compiled::new(source, &BTreeMap::new(), &render::Limits::default());
                assert!(compiled.is_ok(), "{} {locale}: {compiled:?}", shipped.name);
                assert_eq!(content(shipped.name, locale.language()).as_ref(), Some(source));
            }
            let others = RAW.iter().find(|raw| raw.name == shipped.name).unwrap().others.len();
            assert_eq!(shipped.contents.len(), others + 1, "{}", shipped.name);
            assert!(!shipped.variables.is_empty(), "{}", shipped.name);
            assert!(crate::name::slug(shipped.name).is_ok());
        }
    }
}
