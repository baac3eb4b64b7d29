"""Who may do what: people by their keys, functions by their roles."""

import uuid

from harness.story import story


@story
def the_deployment_says_that_it_is_well(world):
    """The emulator answers /health itself, so the request names the stage, which the API never sees."""
    health = world.anyone.get("/$default/health").json
    assert health["status"] == "ok", health


@story
def a_tenant_is_made_with_the_platform_key_alone(world):
    wanted = {"name": "Nobody's", "slug": "nobodys"}
    world.anyone.post("/v1/tenants", wanted, expect=401)
    world.anyone.with_key("wrong").post("/v1/tenants", wanted, expect=401)
    owner = world.tenant().api
    owner.post("/v1/tenants", wanted, expect=401)


@story
def a_key_carries_its_role_and_no_more(world):
    tenant = world.tenant()
    viewer = tenant.key("viewer")
    contact, _ = tenant.contact("Ada")
    assert viewer.get(f"/v1/contacts/{contact}").json["id"] == contact
    viewer.post("/v1/contacts", {"first_name": "Eve"}, expect=403)


@story
def what_belongs_to_another_tenant_does_not_exist(world):
    ours, theirs = world.tenant(), world.tenant()
    contact, _ = theirs.contact("Grace")
    message = theirs.send(contact, "1")
    paths = {
        f"/v1/contacts/{contact}": "con",
        f"/v1/messages/{message}": "msg",
        f"/v1/messages/{message}/trace": "msg",
        f"/v1/templates/{theirs.template}": "tpl",
        f"/v1/accounts/{theirs.account}": "acc",
    }
    for path, prefix in paths.items():
        theirs.api.get(path)
        foreign = ours.api.get(path, expect=404).json
        known = next(part for part in path.split("/") if part.startswith(f"{prefix}_"))
        nobodys = ours.api.get(path.replace(known, f"{prefix}_{uuid.uuid4().hex}"), expect=404).json
        # The instance is the id of the request.
        assert foreign | {"instance": ""} == nobodys | {"instance": ""}, (foreign, nobodys)
    ours.api.post(f"/v1/messages/{message}/cancel", expect=404)
    refused = ours.api.post("/v1/messages", ours.request(contact, "2"), expect=422).json
    assert [error["pointer"] for error in refused["errors"]] == ["/to/contact"], refused


@story
def a_strange_path_is_a_problem_and_not_a_failure(world):
    owner = world.tenant().api
    for path in ("/v1/messages/a%20b", "/v1/messages/%2e%2e%2f", "/v1/messages/%00", "/v1/messages/%C3%A9", "/v1/nothing"):
        reply = owner.get(path, expect=404)
        assert reply.headers["content-type"].startswith("application/problem+json"), reply.headers


@story
def no_function_may_do_more_than_its_work(world):
    iam, ids = world.emulator.client("iam"), world.stack.resources
    table = world.emulator.client("dynamodb").describe_table(TableName=ids["Table"])["Table"]["TableArn"]
    queues = world.emulator.client("sqs")
    send_queue = queues.get_queue_attributes(QueueUrl=ids["SendQueue"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    automation_queue = send_queue.replace(send_queue.rsplit(":", 1)[1], ids["AutomationQueue"].rsplit("/", 1)[1])
    collect_queue = send_queue.replace(send_queue.rsplit(":", 1)[1], ids["CollectQueue"].rsplit("/", 1)[1])
    file, mail = (f"arn:aws:s3:::{ids['Files']}/{key}" for key in ("a/b", "mail/a/b/c"))
    identity = "arn:aws:ses:us-east-1:000000000000:identity/acme.example"

    def may(role: str, action: str, resource: str) -> bool:
        role_arn = iam.get_role(RoleName=ids[role])["Role"]["Arn"]
        answer = iam.simulate_principal_policy(PolicySourceArn=role_arn, ActionNames=[action], ResourceArns=[resource])
        return answer["EvaluationResults"][0]["EvalDecision"] == "allowed"

    expected = {
        ("sqs:SendMessage", send_queue): {"RelayRole"},
        ("sqs:ReceiveMessage", send_queue): {"SendRole"},
        ("sqs:SendMessage", automation_queue): {"RelayRole"},
        ("sqs:ReceiveMessage", automation_queue): {"AutomationRole"},
        ("sqs:SendMessage", collect_queue): {"RelayRole"},
        ("sqs:ReceiveMessage", collect_queue): {"CollectRole"},
        ("ses:SendEmail", identity): {"SendRole"},
        ("ses:GetAccount", "*"): {"SendRole"},
        # A suppression that is replaced or lifted takes its list entry away.
        ("dynamodb:DeleteItem", table): {"ApiRole", "SendRole", "WebhookIntakeRole", "AutomationRole", "CollectRole"},
        ("dynamodb:GetItem", table): {
            "ApiRole", "WebhookIntakeRole", "SendRole", "AnalyticsRole", "AutomationRole", "CollectRole", "ReminderScanRole"
        },
        ("dynamodb:Query", table): {"ApiRole", "SendRole", "AutomationRole", "WebhookIntakeRole"},
        ("dynamodb:PutItem", table): {"ApiRole", "WebhookIntakeRole", "SendRole", "AnalyticsRole", "AutomationRole", "CollectRole"},
        ("dynamodb:UpdateItem", table): {
            "ApiRole", "WebhookIntakeRole", "SendRole", "AnalyticsRole", "AutomationRole", "CollectRole", "ReminderScanRole"
        },
        ("s3:GetObject", file): {"ApiRole", "AutomationRole", "SendRole"},
        ("s3:GetObject", mail): {"ApiRole", "AutomationRole", "SendRole", "WebhookIntakeRole"},
        ("s3:PutObject", file): {"ApiRole", "AutomationRole", "SendRole", "WebhookIntakeRole", "CollectRole"},
        ("s3:DeleteObject", file): {"ApiRole", "SendRole"},
        ("dynamodb:Scan", table): set(),
        ("sns:Publish", world.topic): set(),
    }
    roles = {name for name in ids if name.endswith("Role")}
    for (action, resource), allowed in expected.items():
        assert {role for role in roles if may(role, action, resource)} == allowed, f"{action} should be allowed to {allowed}"
