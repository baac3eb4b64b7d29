//! The rows of the key table, in the order of their names.

/// How rows of one kind are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// All of a tenant's in one partition: kinds of which a tenant has tens or hundreds.
    Small,
    /// Spread by the month of the id and then over `shards` partitions, so that no partition grows with a tenant's whole life,
    /// and id alone finds the row. Raising `shards` moves rows: it is fixed for ever.
    Dated {
        /// Partitions per month. One takes 1,000 write units a second.
        shards: u8,
    },
    /// One row per partition, found by a natural key.
    Single,
    /// Rows that hang below another row: the owner in the partition key, a natural key in the sort key.
    Below,
    /// Outside any tenant, spelled by the doors alone.
    Door,
}

/// One line of the key table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Value of the `kind` attribute.
    pub kind: &'static str,
    /// Id prefix, when rows of this kind have an id.
    pub prefix: &'static str,
    /// The noun in the partition key.
    pub noun: &'static str,
    /// Placement.
    pub shape: Shape,
    /// Partition key, for people.
    pub pk: &'static str,
    /// Sort key, for people.
    pub sk: &'static str,
    /// The question it answers.
    pub question: &'static str,
}

macro_rules! rows {
    ($($name:ident = $kind:literal, $prefix:literal, $noun:literal, $shape:expr, $pk:literal, $sk:literal, $question:literal;)*) => {
        $(
            #[doc = $question]
            pub const $name: Row =
                Row { kind: $kind, prefix: $prefix, noun: $noun, shape: $shape, pk: $pk, sk: $sk, question: $question };
        )*
        /// The whole key table.
        pub const ROWS: &[Row] = &[$($name),*];
    };
}

rows! {
    ACCOUNT = "account", "acc", "ACC", Shape::Small, "T#tenant#ACC", "account id",
        "Which providers can this tenant send through, in which order?";
    ACTIVITY = "activity", "act", "ACT", Shape::Dated { shards: 1 }, "T#tenant#ACT#yyyymm#shard", "activity id",
        "What did somebody do with this contact, company or deal? Which activities are newest?";
    ADDRESS = "address", "", "ADR", Shape::Single, "T#tenant#ADR#channel:digest", "-",
        "Whose address is this, and may it be written to?";
    AGENDA = "agenda", "", "AGD", Shape::Below, "T#tenant#AGD#owner", "milliseconds due, task id",
        "Which open tasks does this user or team have, or this contact, company, deal or activity, soonest first?";
    ALLOWANCE = "allowance", "", "ALW", Shape::Single, "T#tenant#ALW#subject:window start", "-",
        "How much of what a tenant, credential or account may do in this window has been handed out?";
    API_KEY = "api_key", "key", "KEY", Shape::Small, "T#tenant#KEY", "key id",
        "Which machine credentials does this tenant have?";
    ARCHIVE = "archive", "arc", "ARV", Shape::Small, "T#tenant#ARV", "archive id, which is the first of a month",
        "When are the activities of this month put away, and how far is that?";
    ATTACHMENT = "attachment", "att", "ATT", Shape::Dated { shards: 1 }, "T#tenant#ATT#yyyymm#shard", "attachment id",
        "Which file is this, and are its bytes there?";
    BODY = "body", "", "BODY", Shape::Single, "T#tenant#BODY#message id", "-",
        "What content did this message bring along, when it does not fit its row?";
    COMPANY = "company", "cmp", "CMP", Shape::Dated { shards: 1 }, "T#tenant#CMP#yyyymm#shard", "company id",
        "Which organisation is this? Which companies are newest?";
    CONSENT = "consent", "", "CNS", Shape::Below, "T#tenant#CNS#contact id", "version of the contact",
        "What did this person say to being written to, when, and how is that known?";
    CONTACT = "contact", "con", "CON", Shape::Dated { shards: 1 }, "T#tenant#CON#yyyymm#shard", "contact id",
        "Who is this person, how are they reached, what do they allow? Which contacts are newest?";
    CONVERSATION = "conversation", "cnv", "CNV", Shape::Dated { shards: 1 }, "T#tenant#CNV#yyyymm#shard", "conversation id",
        "Who talks to us through which account, and what is unread? Which conversations are newest?";
    DEAL = "deal", "dea", "DEA", Shape::Dated { shards: 1 }, "T#tenant#DEA#yyyymm#shard", "deal id",
        "What is to be won, and how far is it? Which deals are newest?";
    ENTRY = "entry", "", "TML", Shape::Below, "T#tenant#TML#owner", "milliseconds and what it tells of",
        "What happened with this contact, company or deal, or at all in this month, newest first?";
    ERASURE = "erasure", "era", "ERA", Shape::Dated { shards: 1 }, "T#tenant#ERA#yyyymm#shard", "erasure id",
        "What is gone, and how far is the forgetting of what timelines tell of it?";
    ERRAND = "errand", "erd", "ERD", Shape::Dated { shards: 1 }, "T#tenant#ERD#yyyymm#shard", "errand id",
        "What is to be asked of an account's provider, apart from messages?";
    EVENT = "event", "evt", "EVT", Shape::Dated { shards: 4 }, "T#tenant#EVT#yyyymm#shard", "event id",
        "What was reported, or raised by a rule, in the last 30 days?";
    EXPORT = "export", "exp", "EXP", Shape::Dated { shards: 1 }, "T#tenant#EXP#yyyymm#shard", "export id",
        "How far is this export, and which files has it?";
    FIELD = "field", "fld", "FLD", Shape::Small, "T#tenant#FLD", "field id",
        "What do a tenant's own fields hold?";
    FIND = "find", "", "FIND", Shape::Below, "T#tenant#FIND#noun:first letters", "word#id",
        "Which contacts, companies or deals have a word that begins like this?";
    IDEMPOTENCY = "idempotency", "", "IDEM", Shape::Single, "T#tenant#IDEM#digest of key", "-",
        "Was a request with this key seen in the last 24 hours, and how was it answered?";
    IMPORT = "import", "imp", "IMP", Shape::Dated { shards: 1 }, "T#tenant#IMP#yyyymm#shard", "import id",
        "How far is this import, and what came of its rows?";
    IMPORT_FAULT = "import_fault", "", "IMF", Shape::Below, "T#tenant#IMF#import id", "line and number, from the end",
        "What is wrong with which row of this import?";
    INBOUND = "inbound", "inb", "INB", Shape::Below, "T#tenant#INB#conversation id", "inbound id",
        "What did this contact write to us, newest first?";
    MAILBOX = "mailbox", "", "MBX", Shape::Single, "T#tenant#MBX#account id", "-",
        "How far was the mailbox of this account read, and when is it looked at next?";
    MEMBER = "member", "", "MEM", Shape::Below, "T#tenant#MEM#company id", "contact id",
        "Which contacts belong to this company?";
    MESSAGE = "message", "msg", "MSG", Shape::Dated { shards: 4 }, "T#tenant#MSG#yyyymm#shard", "message id",
        "What is the state of this message, and why? Which messages are newest?";
    NAME = "name", "", "NAME", Shape::Single, "T#tenant#NAME#noun:slug", "-",
        "Which template or field has this name?";
    NOTIFICATION = "notification", "ntf", "NTF", Shape::Below, "T#tenant#NTF#user id", "notification id",
        "What was this user told, newest first?";
    PACE = "pace", "", "PACE", Shape::Single, "T#tenant#PACE#account:window:limit", "-",
        "How far are the slots of this limit of an account promised to messages?";
    PACK = "pack", "", "ARC", Shape::Below, "T#tenant#ARC#yyyymm:shard", "last activity id in it",
        "Which activities of this month are put away here?";
    PROOF = "proof", "", "PRF", Shape::Single, "T#tenant#PRF#digest of account and token", "-",
        "Was this proof of a callback's sender used before, and for which body?";
    QUOTA = "quota", "", "QTA", Shape::Single, "T#tenant#QTA#digest of recipient and limit", "-",
        "Which messages has this recipient had lately, of those of which there may be so many?";
    RECALL = "recall", "", "RCL", Shape::Below, "T#tenant#RCL#digest of cancel key", "message id",
        "Which messages does this key call off?";
    RECEIPT = "receipt", "", "RCP", Shape::Single, "T#tenant#RCP#digest of account and provider's id", "-",
        "Was this message that a provider brings taken in before?";
    REPORT = "report", "", "RPT", Shape::Single, "T#tenant#RPT#digest of the caller's key", "-",
        "Was an event reported under this key of its caller's before, and which one is it?";
    RULE = "rule", "rul", "RUL", Shape::Small, "T#tenant#RUL", "rule id",
        "What is to be done when something happens?";
    RUN = "run", "run", "RUN", Shape::Dated { shards: 4 }, "T#tenant#RUN#yyyymm#shard", "run id",
        "What did a rule see of an event, and what did it do?";
    SERIES = "series", "ser", "SER", Shape::Dated { shards: 1 }, "T#tenant#SER#yyyymm#shard", "series id",
        "Which message is sent again and again, and when next?";
    SIGNUP = "signup", "sgn", "SGN", Shape::Dated { shards: 1 }, "T#tenant#SGN#yyyymm#shard", "signup id",
        "What did somebody ask by the form, that is still to be carried out?";
    SIGNUP_FORM = "signup_form", "", "SGF", Shape::Single, "T#tenant#SGF", "-",
        "What can people ask for by the form, and what do they agree to?";
    STATISTIC = "statistic", "", "STAT", Shape::Below, "T#tenant#STAT#yyyymm:dimension", "value#dd",
        "How much of what happened in each hour of this day, by channel, account and category, by template, tag or sender, and of what people did?";
    SUPPRESSION = "suppression", "sup", "SUP", Shape::Dated { shards: 1 }, "T#tenant#SUP#yyyymm#shard", "suppression id",
        "Which addresses must not be written to, and why?";
    TASK = "task", "tsk", "TSK", Shape::Dated { shards: 1 }, "T#tenant#TSK#yyyymm#shard", "task id",
        "What is somebody to do, until when, and who is reminded of it?";
    TEAM = "team", "tea", "TEA", Shape::Small, "T#tenant#TEA", "team id",
        "Which users work together, and who leads them?";
    TEMPLATE = "template", "tpl", "TPL", Shape::Small, "T#tenant#TPL", "template id",
        "Which templates and layouts are there, and which version is live?";
    TENANT = "tenant", "ten", "TEN", Shape::Single, "T#tenant#TEN", "-",
        "How is this tenant set up?";
    TEXT = "text", "", "TXT", Shape::Single, "T#tenant#TXT#activity id", "-",
        "What does this activity say, when it does not fit its row?";
    THREAD = "thread", "", "THR", Shape::Single, "T#tenant#THR#digest of contact, account and thread", "-",
        "Which conversation does a message of this contact belong to?";
    TOKEN = "token", "", "TOK", Shape::Single, "T#tenant#TOK#account id", "-",
        "Which access token does this account use, and who asks for the next?";
    UNIQUE = "unique", "", "UNQ", Shape::Single, "T#tenant#UNQ#noun:field:digest", "-",
        "Which thing has this value, of those that no two may have?";
    TURN = "turn", "", "TURN", Shape::Single, "T#tenant#TURN#team id", "-",
        "Which member of this team was given a task last?";
    UNREAD = "unread", "", "UNR", Shape::Below, "T#tenant#UNR#user id", "notification id",
        "Which notifications has this user not read?";
    USER = "user", "usr", "USR", Shape::Small, "T#tenant#USR", "user id",
        "Who works for this tenant, in which role?";
    VERSION = "version", "ver", "VER", Shape::Below, "T#tenant#VER#template id", "version number",
        "What did this edition of the template say?";
    WORKLOAD = "workload", "", "WRK", Shape::Single, "T#tenant#WRK#user id", "-",
        "How many open tasks does this user have?";
    CREDENTIAL = "credential", "", "K", Shape::Door, "K#digest of key or subject", "-",
        "Whose credential is this, and what does it allow?";
    ROUTE = "route", "", "R", Shape::Door, "R#provider:digest of token", "-",
        "Which account do callbacks to this address belong to?";
    SLUG = "slug", "", "S", Shape::Door, "S#slug", "-",
        "Which tenant has this word in its public addresses?";
    DIRECTORY = "directory", "", "P", Shape::Door, "P#TEN#yyyymm", "tenant id",
        "Which tenants are there?";
}
