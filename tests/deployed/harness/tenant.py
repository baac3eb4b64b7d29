"""A tenant as its own back end sees it: the few requests of the API that the stories are made of."""

import datetime

from harness.client import Client, Reply
from harness.story import until

DOMAIN = "acme.example"


class Tenant:
    """A tenant and its owner's key."""

    def __init__(self, world, tenant_id: str, api: Client):
        self.world, self.id, self.api = world, tenant_id, api

    @classmethod
    def create(cls, world, slug: str) -> "Tenant":
        """A new tenant with an account at SES and a published template."""
        made = world.platform.post("/v1/tenants", {"name": slug.title(), "slug": slug}, expect=201).json
        tenant = cls(world, made["id"], world.anyone.with_key(made["key"]["secret"]))
        tenant.account = tenant._account()
        tenant.template = tenant._template()
        return tenant

    def _account(self) -> str:
        account = {
            "name": "Mail",
            "provider": "ses",
            "from": {"email": f"hello@{DOMAIN}", "name": "Acme"},
            "settings": {},
            "credentials": {},
        }
        return self.api.post("/v1/accounts", account, expect=201).json["id"]

    def _template(self) -> str:
        template = {"name": "code", "channel": "email", "category": "transactional"}
        made = self.api.post("/v1/templates", template, expect=201).json["id"]
        content = {
            "subject": "Welcome, {{ contact.first_name }}",
            "html": "<p>Your code is <b>{{ code }}</b>.</p>",
            "text": "Your code is {{ code }}.",
        }
        version = {"contents": {"en": content}, "publish": False}
        number = self.api.post(f"/v1/templates/{made}/versions", version, expect=201).json["number"]
        self.api.post(f"/v1/templates/{made}/versions/{number}/publish", {}, expect=200)
        return made

    def contact(self, first_name: str, **more) -> tuple[str, str]:
        """A new contact: its id and its address."""
        address = f"{first_name.lower()}@{self.id.replace('_', '-')}.example"
        contact = {"first_name": first_name, "emails": [address], **more}
        return self.api.post("/v1/contacts", contact, expect=201).json["id"], address

    def key(self, role: str) -> Client:
        """The API with a new key of that role."""
        made = self.api.post("/v1/api-keys", {"name": role, "role": role}, expect=201).json
        return self.api.with_key(made["secret"])

    def request(self, contact: str, code: str, **more) -> dict:
        """The body that sends the template to a contact."""
        to = {"contact": contact}
        return {"channel": "email", "to": to, "template": self.template, "variables": {"code": code}, **more}

    def send(self, contact: str, code: str, headers: dict[str, str] | None = None, **more) -> str:
        """Sends the template to a contact; the message's id."""
        return self.post_message(contact, code, headers, **more).json["id"]

    def post_message(self, contact: str, code: str, headers: dict[str, str] | None = None, **more) -> Reply:
        """Sends the template to a contact; the whole reply."""
        return self.api.post("/v1/messages", self.request(contact, code, **more), expect=202, headers=headers)

    def suppressed(self) -> list[str]:
        """The addresses that are not written to any more."""
        return [row["address"] for row in self.api.get("/v1/suppressions").json["data"]]

    def message(self, message: str) -> dict:
        """A message as the API shows it."""
        return self.api.get(f"/v1/messages/{message}").json

    def becomes(self, message: str, status: str, seconds: float = 30) -> dict:
        """Waits until the message has the status."""

        def look():
            seen = self.message(message)
            return seen if seen["status"] == status else None

        return until(f"{status}: message {message} of tenant {self.id}", look, seconds)


def in_seconds(seconds: float) -> str:
    """A moment from now, as the API reads it."""
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
