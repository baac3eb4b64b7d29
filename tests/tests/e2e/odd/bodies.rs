//! Bodies with everything in them, by operation. Ids are the caller's own; "odd" stands where no two may say the same.

use serde_json::{Value, json};

use super::House;

impl House<'_> {
    /// The body of an operation, if it takes one.
    pub(super) fn body(&self, operation: &str) -> Option<Value> {
        let [contact, account, attachment] = [&self.contact, &self.account, &self.attachment];
        whole(operation, contact, account, attachment).or_else(|| self.of_tasks(operation))
    }

    /// Of operations on tasks, notifications and series.
    fn of_tasks(&self, operation: &str) -> Option<Value> {
        Some(match operation {
            "cancel_task" | "reopen_task" => json!({ "reason": "R" }),
            "complete_task" => json!({
                "outcome": "O",
                "activity": {
                    "type": "call", "subject": "S", "description": "D", "direction": "inbound", "outcome": "neutral", "duration": 60,
                    "fields": { "f": 1.5 },
                },
                "next": { "title": "T", "kind": "task", "due_at": "2026-03-03T00:00:00Z", "assignee": self.user, "deal_id": null },
            }),
            "put_notification_preferences" => json!({
                "ways": { "assigned": ["email", "sms"], "reminder": null }, "quiet_hours": { "start": "21:00", "end": "08:00" },
            }),
            "create_series" => json!({
                "order": { "to": { "email": "a@example.com" }, "template": "welcome", "variables": { "v": [1] } },
                "recurrence": "FREQ=MONTHLY;BYDAY=1MO", "start_at": "2026-03-03T00:00:00Z", "zone": "UTC",
            }),
            "create_task" | "update_task" => json!({
                "kind": "follow_up", "title": "T", "description": "D", "status": "in_progress", "priority": "high",
                "due_at": "2026-03-03T00:00:00Z", "assignee": self.user, "team": self.team, "contact_id": self.contact,
                "company_id": self.company, "deal_id": self.deals[0], "activity_id": self.activity, "tags": ["t"],
                "fields": { "f": 1.5 }, "checklist": [{ "text": "C", "done": true }], "recurrence": "FREQ=WEEKLY;BYDAY=MO",
                "reminders": [{ "before": 30, "by": ["email", "sms"] }, { "at": "2026-03-02T12:00:00Z", "by": ["notification"] }],
                "escalation": [{ "after_minutes": 5, "to": { "user": self.user } }, { "after_minutes": 6, "to": { "role": "owner" } }],
            }),
            "delegate_task" => json!({ "user": self.user, "note": "N" }),
            "read_notifications" => json!({ "user_id": self.user, "until": "2026-03-02T12:00:00Z" }),
            "transfer_task" => json!({ "team": self.team, "reason": "R" }),
            _ => return None,
        })
    }
}

fn whole(operation: &str, contact: &str, account: &str, attachment: &str) -> Option<Value> {
    let content =
        json!({ "subject": "Hi {{ v }}", "html": "<p>{{ v }}</p>", "text": "T", "engine": "jinja", "markup": "html" });
    Some(match operation {
        "create_activity" | "update_activity" => activity(contact),
        "create_activities" => json!({ "activities": [activity(contact)] }),
        "create_export" => json!({ "object": "contact" }),
        "create_import" => json!({
            "attachment": attachment, "object": "contact", "mapping": { "PNG!": "email" }, "mode": "upsert", "by": "email",
            "dry_run": true, "side_effects": false, "delimiter": ",", "separator": ";", "encoding": "latin1",
            "consents": ["email:news"], "consent_source": "S",
        }),
        "answer_conversation" => json!({
            "content": { "text": "Hi {{ v }}" }, "variables": { "v": [1] }, "metadata": { "m": 1 }, "tags": ["t"],
        }),
        "cancel_messages" => json!({ "cancel_key": "k", "after": null }),
        "create_account" => json!({
            "name": "A", "provider": "smtp", "from": { "email": "a@acme.example", "name": "A" }, "priority": 1, "enabled": true,
            "settings": { "host": "mail.example.com", "port": 25, "security": "tls" }, "on_unknown": "hold", "weight": 2,
            "limits": { "per_second": 5, "per_day": 1_000_000 }, "price": { "amount": "0.01", "currency": "EUR", "per": "message" },
            "warm_up": { "from": "2026-03-01", "first_day": 50, "growth": 20 },
            "credentials": { "username": "u", "password": "p" },
        }),
        "update_account" => json!({
            "name": "A", "from": { "email": "a@acme.example", "name": null }, "settings": { "region": "eu-west-1", "topic_arns": [] },
            "credentials": {}, "priority": 2, "enabled": true, "on_unknown": "resend", "weight": 3,
            "limits": { "per_second": null, "per_day": 1_000_000 }, "price": { "amount": "2", "currency": "USD", "per": "message" },
            "warm_up": { "from": "2026-03-01", "first_day": 1, "growth": null },
        }),
        "test_account" => json!({ "to": { "email": "a@example.com", "name": "A" } }),
        "create_api_key" => json!({ "name": "A", "role": "viewer", "expires_at": "2027-01-01T00:00:00Z" }),
        "create_attachment" => json!({ "name": "a.png", "media_type": "image/png", "bytes": 4 }),
        "create_company" | "update_company" => json!({
            "name": "A", "domains": ["odd.example"], "phone": "+14155552671", "website": "https://example.com/", "address": ["L"],
            "owner": null, "tags": ["t"], "fields": { "f": 1.5 },
        }),
        "create_deal" | "update_deal" => json!({
            "title": "A", "value": "1.5", "currency": "EUR", "stage": "new", "expected_close": "2026-04-01", "contact_id": contact,
            "company_id": null, "owner": null, "tags": ["t"], "fields": { "f": 1.5 },
        }),
        "win_deal" | "lose_deal" => json!({ "reason": "R" }),
        "create_field" => json!({
            "object": "deal", "key": "odd", "label": "L", "kind": "select", "options": ["a"], "required": false, "unique": false,
        }),
        "put_signup_form" => json!({
            "active": true, "channel": "sms", "topics": [{ "category": "news", "names": { "en": "News" } }], "consent": { "en": "Yes." },
        }),
        "update_field" => json!({ "label": "L", "options": ["a"], "required": false, "archived": false }),
        "put_contacts" => json!({ "by": "email", "contacts": [{ "emails": ["odd@example.com"], "first_name": "A" }] }),
        "create_contact" | "put_contact" | "update_contact" => json!({
            "first_name": "A", "last_name": "B", "company": "C", "company_id": null, "owner": null, "emails": ["odd@example.com"], "phones": ["+14155552671"],
            "zone": "UTC", "locale": "de", "do_not_contact": false, "consents": { "email:news": true }, "tags": ["t"],
            "quiet_hours": { "start": "21:00", "end": "08:00" }, "fields": { "f": 1.5 },
        }),
        "record_consent" => json!({
            "channel": "email", "category": "news", "granted": true, "double_opt_in": false,
            "proof": { "ip": "203.0.113.7", "user_agent": "A", "text": "T" },
        }),
        "update_preferences" => json!({
            "do_not_contact": false, "channels": { "email": true }, "categories": { "news": null }, "campaigns": { "c": false },
            "consents": { "email:news": true }, "locale": "de", "zone": "UTC", "cap": { "per_day": 1, "per_week": 2 },
            "quiet_hours": { "start": "21:00", "end": "08:00" },
        }),
        "create_suppression" => json!({ "channel": "email", "address": "a@example.com", "reason": "manual" }),
        "create_team" | "update_team" => json!({ "name": "A", "members": [] }),
        "create_template" => json!({
            "name": "odd", "description": "D", "use": "message", "channel": "email", "category": "news", "locale": "en", "active": true,
        }),
        "update_template" => json!({ "name": "kept", "description": "D", "category": "news", "locale": "en", "active": true }),
        "create_user" => {
            json!({ "name": "A", "email": "a@acme.example", "role": "viewer", "subject": "odd", "phone": "+14155552671", "zone": "UTC",
            "locale": "de", "available": true })
        }
        "update_user" => {
            json!({ "name": "A", "email": "a@acme.example", "role": "viewer", "subject": null, "phone": null, "zone": "UTC",
            "locale": "de", "available": false })
        }
        "update_tenant" => json!({
            "name": "A", "zone": "UTC", "locale": "en", "quiet_hours": { "start": "21:00", "end": "08:00" }, "active": true,
        }),
        "create_rule" | "update_rule" => rule(account),
        "adopt_rule" => json!({ "name": "welcome" }),
        "report_event" => event(contact),
        "report_events" => json!({ "events": [event(contact)] }),
        "test_rule" => json!({ "event": trial(contact) }),
        "test_draft_rule" => json!({ "rule": rule(account), "event": trial(contact) }),
        "create_version" => json!({
            "contents": { "en": content }, "note": "N", "publish": true,
            "variables": [{ "name": "v", "kind": "text", "required": false, "default": "x", "description": "D" }],
        }),
        "preview_template" => json!({ "version": 1, "locale": "en", "variables": { "v": "x" }, "contact": contact }),
        "test_template" => json!({
            "content": content, "version": 1, "locale": "en", "variables": { "v": "x" }, "contact": contact, "send_to": "a@example.com",
        }),
        "estimate_message" | "send_message" => json!({
            "to": { "email": "a@example.com", "name": "A" }, "channel": "email", "content": content, "locale": "en",
            "variables": { "v": { "w": [1] } }, "metadata": { "m": 1 }, "headers": { "X-A": "b" }, "reply_to": "r@example.com",
            "cc": ["c@example.com"], "bcc": ["d@example.com"], "tags": ["t"], "category": "transactional",
            "send_at": "2026-03-03T00:00:00Z", "account": account, "campaign": "c", "cancel_key": "k", "deal_id": null,
            "throttle": { "key": "t", "per": 60, "limit": 100 }, "sandbox": true, "track": false,
            "attachments": [{ "id": attachment, "inline": "logo" }],
        }),
        _ => return None,
    })
}

pub(super) fn rule(account: &str) -> Value {
    json!({
        "name": "R", "description": "D", "trigger": "shop.visited", "formula": null, "enabled": true, "log": "all",
        "conditions": { "any": [{ "not": { "field": "contact.zone", "op": "eq", "value": "UTC" } }] },
        "delay": { "days": 0, "hours": 1, "minutes": 1, "seconds": 1, "until": "09:00" },
        "actions": [
            { "send_message": {
                "template": "welcome", "channel": "email", "account": account, "category": "transactional", "locale": "en",
                "variables": { "v": 1 },
            } },
            { "update_contact": {
                "fields": { "f": "x" }, "add_tags": ["t"], "remove_tags": ["u"], "locale": "en", "do_not_contact": false,
            } },
            { "call_webhook": { "url": "https://shop.example", "account": account } },
            { "raise_event": { "name": "shop.noticed", "data": { "n": 1 } } },
        ],
    })
}

pub(super) fn activity(contact: &str) -> Value {
    json!({
        "type": "call", "subject": "S", "description": "D", "contact_id": contact, "company_id": null, "deal_id": null, "status": "scheduled", "direction": "inbound",
        "duration": 60, "scheduled_at": "2026-03-03T09:00:00Z", "completed_at": null, "location": "L", "outcome": "neutral",
        "priority": "urgent", "assignee": null, "tags": ["t"], "fields": { "f": 1.5 }, "visibility": "tenant", "owner": null,
        "team": null,
    })
}

fn event(contact: &str) -> Value {
    json!({
        "name": "shop.visited", "occurred_at": "2026-03-02T08:00:00Z", "contact": contact, "address": null, "data": { "n": [1] },
        "key": "odd",
    })
}

fn trial(contact: &str) -> Value {
    json!({
        "name": "shop.visited", "contact": contact, "address": null, "company_id": null, "deal_id": null, "user": null,
        "message": null, "data": { "n": [1] }, "changes": { "contact.zone": { "old": "UTC", "new": null } },
    })
}
