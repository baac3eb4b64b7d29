//! What is said to who writes STOP, START or HELP, in the languages that we speak.
//!
//! STOP and START are understood in all of them. The texts keep to the letters of GSM 03.38, so that each is one text message.

use kernel::Locale;
use providers::Wish;

/// The words that confirm a wish, in English where nothing else is spoken. The sender fills in the tenant's name.
pub fn words(wish: Wish, locale: &Locale) -> &'static str {
    let [stop, start, help] = match locale.language() {
        "de" => GERMAN,
        "es" => SPANISH,
        "fr" => FRENCH,
        "it" => ITALIAN,
        "nl" => DUTCH,
        "pt" => PORTUGUESE,
        _ => ENGLISH,
    };
    match wish {
        Wish::Stop => stop,
        Wish::Start => start,
        Wish::Help => help,
    }
}

const ENGLISH: [&str; 3] = [
    "{{ tenant.name }}: You will get no more messages from us. Reply START to get them again.",
    "{{ tenant.name }}: You will get messages from us again. Reply STOP to get no more.",
    "{{ tenant.name }}: Reply STOP to get no more messages from us, START to get them again.",
];
const GERMAN: [&str; 3] = [
    "{{ tenant.name }}: Sie erhalten keine Nachrichten mehr von uns. Antworten Sie START, um sie wieder zu erhalten.",
    "{{ tenant.name }}: Sie erhalten wieder Nachrichten von uns. Antworten Sie STOP, um keine mehr zu erhalten.",
    "{{ tenant.name }}: Antworten Sie STOP, um keine Nachrichten mehr von uns zu erhalten, START, um sie wieder zu erhalten.",
];
const SPANISH: [&str; 3] = [
    "{{ tenant.name }}: No le enviaremos nuevos mensajes. Responda START para volver a recibirlos.",
    "{{ tenant.name }}: Volveremos a enviarle mensajes. Responda STOP para no recibirlos.",
    "{{ tenant.name }}: Responda STOP para no recibir nuestros mensajes, START para volver a recibirlos.",
];
const FRENCH: [&str; 3] = [
    "{{ tenant.name }} : Vous ne recevrez plus nos messages. Répondez START pour les recevoir à nouveau.",
    "{{ tenant.name }} : Vous recevrez à nouveau nos messages. Répondez STOP pour ne plus les recevoir.",
    "{{ tenant.name }} : Répondez STOP pour ne plus recevoir nos messages, START pour les recevoir à nouveau.",
];
const ITALIAN: [&str; 3] = [
    "{{ tenant.name }}: Non riceverà più i nostri messaggi. Risponda START per riceverli di nuovo.",
    "{{ tenant.name }}: Riceverà di nuovo i nostri messaggi. Risponda STOP per non riceverli più.",
    "{{ tenant.name }}: Risponda STOP per non ricevere più i nostri messaggi, START per riceverli di nuovo.",
];
const DUTCH: [&str; 3] = [
    "{{ tenant.name }}: U ontvangt geen berichten meer van ons. Antwoord START om ze weer te ontvangen.",
    "{{ tenant.name }}: U ontvangt weer berichten van ons. Antwoord STOP om ze niet meer te ontvangen.",
    "{{ tenant.name }}: Antwoord STOP om geen berichten meer van ons te ontvangen, START om ze weer te ontvangen.",
];
const PORTUGUESE: [&str; 3] = [
    "{{ tenant.name }}: Deixaremos de lhe enviar mensagens. Responda START para voltar a receber.",
    "{{ tenant.name }}: Voltaremos a enviar-lhe mensagens. Responda STOP para deixar de receber.",
    "{{ tenant.name }}: Responda STOP para deixar de receber as nossas mensagens, START para voltar a receber.",
];

#[cfg(test)]
mod tests {
    use providers::sms::{Encoding, segments};

    use super::*;

    #[test]
    fn every_text_is_one_message_and_names_words_that_are_understood() {
        for language in ["de", "en", "es", "fr", "it", "nl", "pt-BR", "fi"] {
            for wish in [Wish::Stop, Wish::Start, Wish::Help] {
                let text = words(wish, &Locale::parse(language).unwrap()).replace("{{ tenant.name }}", "Corner Shop Ltd");
                let size = segments(&text);
                assert_eq!((size.encoding, size.parts), (Encoding::Gsm7, 1), "{text}");
                let named: Vec<Wish> = text.split([' ', '.', ',']).filter_map(Wish::of).collect();
                let expected = match wish {
                    Wish::Stop => vec![Wish::Start],
                    Wish::Start => vec![Wish::Stop],
                    Wish::Help => vec![Wish::Stop, Wish::Start],
                };
                assert_eq!(named, expected, "{text}");
            }
        }
    }
}
