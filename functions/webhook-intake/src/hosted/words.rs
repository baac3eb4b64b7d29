//! What hosted pages say to people who sign up and confirm, in the languages that we speak.

use domain::Channel;

/// The sentences of one language. `{who}` is the tenant, `{what}` the categories.
#[derive(Debug)]
pub(crate) struct Words {
    /// Its tag.
    pub(super) tag: &'static str,
    /// Its own name.
    pub(super) name: &'static str,
    pub(super) sign_up: &'static str,
    pub(super) language: &'static str,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) email: &'static str,
    pub(super) phone: &'static str,
    pub(super) topics: &'static str,
    pub(super) done: &'static str,
    pub(super) look_for_email: &'static str,
    pub(super) look_for_text: &'static str,
    pub(super) wrong: &'static str,
    pub(super) wrong_name: &'static str,
    pub(super) wrong_email: &'static str,
    pub(super) wrong_phone: &'static str,
    pub(super) no_topic: &'static str,
    pub(super) no_consent: &'static str,
    pub(super) too_many: &'static str,
    pub(super) confirm: &'static str,
    pub(super) by_email: &'static str,
    pub(super) by_text: &'static str,
    pub(super) yes: &'static str,
    pub(super) if_not: &'static str,
    pub(super) thanks: &'static str,
    pub(super) noted: &'static str,
    pub(super) late: &'static str,
    pub(super) ask_again: &'static str,
}

impl Words {
    /// Those of a language; English where it is none of ours.
    pub(super) fn of(language: &str) -> &'static Self {
        ALL.into_iter().find(|words| words.tag == language).unwrap_or(&ENGLISH)
    }

    /// What somebody is asked who is to confirm.
    pub(super) fn question(&self, channel: Channel, who: &str, what: &str) -> String {
        let question = if channel == Channel::Email { self.by_email } else { self.by_text };
        question.replace("{what}", what).replace("{who}", who)
    }
}

const ALL: [&Words; 7] = [&ENGLISH, &GERMAN, &SPANISH, &FRENCH, &ITALIAN, &DUTCH, &PORTUGUESE];

const ENGLISH: Words = Words {
    tag: "en",
    name: "English",
    sign_up: "Sign up",
    language: "Language",
    first_name: "First name",
    last_name: "Last name",
    email: "Email address",
    phone: "Mobile number, with its country code such as +44",
    topics: "What should we send?",
    done: "Almost done",
    look_for_email: "We have sent you an email. Please open the link in it to confirm.",
    look_for_text: "We have sent you a text message. Please open the link in it to confirm.",
    wrong: "Nothing was sent.",
    wrong_name: "Please write your name in at most 60 letters.",
    wrong_email: "This is no email address.",
    wrong_phone: "This is no mobile number with its country code.",
    no_topic: "Please choose what we should send.",
    no_consent: "Please tick that you agree.",
    too_many: "There are too many requests at the moment. Please try again in an hour.",
    confirm: "Please confirm",
    by_email: "Do you want to get {what} from {who} by email?",
    by_text: "Do you want to get {what} from {who} by text message?",
    yes: "Yes, I do",
    if_not: "If not, just close this page: nothing will come.",
    thanks: "Thank you",
    noted: "It is noted: you will hear from us.",
    late: "Too late",
    ask_again: "This question is not open any more. Please ask to be asked again.",
};

const GERMAN: Words = Words {
    tag: "de",
    name: "Deutsch",
    sign_up: "Anmelden",
    language: "Sprache",
    first_name: "Vorname",
    last_name: "Nachname",
    email: "E-Mail-Adresse",
    phone: "Mobilnummer mit Landesvorwahl, zum Beispiel +49",
    topics: "Was sollen wir Ihnen senden?",
    done: "Fast geschafft",
    look_for_email: "Wir haben Ihnen eine E-Mail gesendet. Bitte öffnen Sie den Link darin, um zu bestätigen.",
    look_for_text: "Wir haben Ihnen eine SMS gesendet. Bitte öffnen Sie den Link darin, um zu bestätigen.",
    wrong: "Es wurde nichts gesendet.",
    wrong_name: "Bitte schreiben Sie Ihren Namen in höchstens 60 Buchstaben.",
    wrong_email: "Das ist keine E-Mail-Adresse.",
    wrong_phone: "Das ist keine Mobilnummer mit Landesvorwahl.",
    no_topic: "Bitte wählen Sie, was wir senden sollen.",
    no_consent: "Bitte bestätigen Sie mit einem Haken, dass Sie einverstanden sind.",
    too_many: "Im Moment gibt es zu viele Anfragen. Bitte versuchen Sie es in einer Stunde noch einmal.",
    confirm: "Bitte bestätigen",
    by_email: "Möchten Sie {what} von {who} per E-Mail erhalten?",
    by_text: "Möchten Sie {what} von {who} per SMS erhalten?",
    yes: "Ja, gern",
    if_not: "Wenn nicht, schließen Sie einfach diese Seite: Es wird nichts kommen.",
    thanks: "Vielen Dank",
    noted: "Es ist notiert: Sie werden von uns hören.",
    late: "Zu spät",
    ask_again: "Diese Frage ist nicht mehr offen. Bitte lassen Sie sich noch einmal fragen.",
};

const SPANISH: Words = Words {
    tag: "es",
    name: "Español",
    sign_up: "Suscribirse",
    language: "Idioma",
    first_name: "Nombre",
    last_name: "Apellidos",
    email: "Correo electrónico",
    phone: "Número de móvil con prefijo internacional, por ejemplo +34",
    topics: "¿Qué desea recibir?",
    done: "Casi listo",
    look_for_email: "Le hemos enviado un correo. Abra el enlace que contiene para confirmar.",
    look_for_text: "Le hemos enviado un SMS. Abra el enlace que contiene para confirmar.",
    wrong: "No se ha enviado nada.",
    wrong_name: "Escriba su nombre con 60 letras como máximo.",
    wrong_email: "Esto no es una dirección de correo.",
    wrong_phone: "Esto no es un número de móvil con prefijo internacional.",
    no_topic: "Elija qué desea recibir.",
    no_consent: "Marque la casilla para indicar que está de acuerdo.",
    too_many: "Hay demasiadas solicitudes en este momento. Inténtelo de nuevo en una hora.",
    confirm: "Confirme, por favor",
    by_email: "¿Desea recibir {what} de {who} por correo electrónico?",
    by_text: "¿Desea recibir {what} de {who} por SMS?",
    yes: "Sí, lo deseo",
    if_not: "Si no, cierre esta página: no recibirá nada.",
    thanks: "Gracias",
    noted: "Queda anotado: tendrá noticias nuestras.",
    late: "Demasiado tarde",
    ask_again: "Esta pregunta ya no está abierta. Pida que se la hagamos de nuevo.",
};

const FRENCH: Words = Words {
    tag: "fr",
    name: "Français",
    sign_up: "S’inscrire",
    language: "Langue",
    first_name: "Prénom",
    last_name: "Nom",
    email: "Adresse e-mail",
    phone: "Numéro de mobile avec l’indicatif du pays, par exemple +33",
    topics: "Que souhaitez-vous recevoir ?",
    done: "C’est presque fait",
    look_for_email: "Nous vous avons envoyé un e-mail. Ouvrez le lien qu’il contient pour confirmer.",
    look_for_text: "Nous vous avons envoyé un SMS. Ouvrez le lien qu’il contient pour confirmer.",
    wrong: "Rien n’a été envoyé.",
    wrong_name: "Écrivez votre nom en 60 lettres au plus.",
    wrong_email: "Ce n’est pas une adresse e-mail.",
    wrong_phone: "Ce n’est pas un numéro de mobile avec l’indicatif du pays.",
    no_topic: "Choisissez ce que vous souhaitez recevoir.",
    no_consent: "Cochez la case pour indiquer votre accord.",
    too_many: "Il y a trop de demandes en ce moment. Réessayez dans une heure.",
    confirm: "Merci de confirmer",
    by_email: "Souhaitez-vous recevoir {what} de {who} par e-mail ?",
    by_text: "Souhaitez-vous recevoir {what} de {who} par SMS ?",
    yes: "Oui, je le souhaite",
    if_not: "Sinon, fermez simplement cette page : vous ne recevrez rien.",
    thanks: "Merci",
    noted: "C’est noté : vous aurez de nos nouvelles.",
    late: "Trop tard",
    ask_again: "Cette question n’est plus ouverte. Demandez qu’elle vous soit posée à nouveau.",
};

const ITALIAN: Words = Words {
    tag: "it",
    name: "Italiano",
    sign_up: "Iscriviti",
    language: "Lingua",
    first_name: "Nome",
    last_name: "Cognome",
    email: "Indirizzo e-mail",
    phone: "Numero di cellulare con prefisso internazionale, per esempio +39",
    topics: "Che cosa desidera ricevere?",
    done: "Quasi fatto",
    look_for_email: "Le abbiamo inviato un’e-mail. Apra il link che contiene per confermare.",
    look_for_text: "Le abbiamo inviato un SMS. Apra il link che contiene per confermare.",
    wrong: "Non è stato inviato nulla.",
    wrong_name: "Scriva il Suo nome con al massimo 60 lettere.",
    wrong_email: "Questo non è un indirizzo e-mail.",
    wrong_phone: "Questo non è un numero di cellulare con prefisso internazionale.",
    no_topic: "Scelga che cosa desidera ricevere.",
    no_consent: "Spunti la casella per indicare che è d’accordo.",
    too_many: "Al momento ci sono troppe richieste. Riprovi tra un’ora.",
    confirm: "Confermi, per favore",
    by_email: "Desidera ricevere {what} da {who} per e-mail?",
    by_text: "Desidera ricevere {what} da {who} per SMS?",
    yes: "Sì, lo desidero",
    if_not: "Altrimenti chiuda questa pagina: non arriverà nulla.",
    thanks: "Grazie",
    noted: "È annotato: riceverà nostre notizie.",
    late: "Troppo tardi",
    ask_again: "Questa domanda non è più aperta. Chieda di riceverla di nuovo.",
};

const DUTCH: Words = Words {
    tag: "nl",
    name: "Nederlands",
    sign_up: "Aanmelden",
    language: "Taal",
    first_name: "Voornaam",
    last_name: "Achternaam",
    email: "E-mailadres",
    phone: "Mobiel nummer met landcode, bijvoorbeeld +31",
    topics: "Wat mogen wij u sturen?",
    done: "Bijna klaar",
    look_for_email: "Wij hebben u een e-mail gestuurd. Open de link daarin om te bevestigen.",
    look_for_text: "Wij hebben u een sms gestuurd. Open de link daarin om te bevestigen.",
    wrong: "Er is niets verstuurd.",
    wrong_name: "Schrijf uw naam in ten hoogste 60 letters.",
    wrong_email: "Dit is geen e-mailadres.",
    wrong_phone: "Dit is geen mobiel nummer met landcode.",
    no_topic: "Kies wat wij u mogen sturen.",
    no_consent: "Vink aan dat u akkoord gaat.",
    too_many: "Er zijn op dit moment te veel aanvragen. Probeer het over een uur opnieuw.",
    confirm: "Graag bevestigen",
    by_email: "Wilt u {what} van {who} per e-mail ontvangen?",
    by_text: "Wilt u {what} van {who} per sms ontvangen?",
    yes: "Ja, graag",
    if_not: "Zo niet, sluit dan gewoon deze pagina: er komt niets.",
    thanks: "Dank u wel",
    noted: "Het is genoteerd: u hoort van ons.",
    late: "Te laat",
    ask_again: "Deze vraag staat niet meer open. Vraag om haar opnieuw te krijgen.",
};

const PORTUGUESE: Words = Words {
    tag: "pt",
    name: "Português",
    sign_up: "Inscrever-se",
    language: "Idioma",
    first_name: "Nome",
    last_name: "Apelido",
    email: "Endereço de e-mail",
    phone: "Número de telemóvel com indicativo do país, por exemplo +351",
    topics: "O que deseja receber?",
    done: "Quase pronto",
    look_for_email: "Enviámos-lhe um e-mail. Abra a ligação que contém para confirmar.",
    look_for_text: "Enviámos-lhe um SMS. Abra a ligação que contém para confirmar.",
    wrong: "Nada foi enviado.",
    wrong_name: "Escreva o seu nome com 60 letras no máximo.",
    wrong_email: "Isto não é um endereço de e-mail.",
    wrong_phone: "Isto não é um número de telemóvel com indicativo do país.",
    no_topic: "Escolha o que deseja receber.",
    no_consent: "Assinale que está de acordo.",
    too_many: "Há demasiados pedidos neste momento. Tente novamente dentro de uma hora.",
    confirm: "Confirme, por favor",
    by_email: "Deseja receber {what} de {who} por e-mail?",
    by_text: "Deseja receber {what} de {who} por SMS?",
    yes: "Sim, desejo",
    if_not: "Se não, feche esta página: não receberá nada.",
    thanks: "Obrigado",
    noted: "Fica registado: terá notícias nossas.",
    late: "Tarde demais",
    ask_again: "Esta pergunta já não está aberta. Peça para lha fazermos de novo.",
};

#[cfg(test)]
mod tests {
    use domain::signup::LANGUAGES;

    use super::*;

    #[test]
    fn every_language_of_a_form_is_spoken_and_names_who_asks_for_what() {
        assert_eq!(ALL.map(|words| words.tag), LANGUAGES);
        for words in ALL {
            for channel in [Channel::Email, Channel::Sms] {
                let question = words.question(channel, "Corner Shop", "news");
                assert!(question.contains("Corner Shop") && question.contains("news") && !question.contains('{'), "{question}");
            }
        }
        assert_eq!(Words::of("fi").tag, "en");
    }
}
