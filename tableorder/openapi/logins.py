"""Logging in."""

from tableorder.http.tokens import LIFETIME
from tableorder.openapi.operations import Answer, Body, Operation
from tableorder.schemas.logins import AdminLoginSchema, AdminToken, TableLoginSchema, TableToken

SESSION_ID = "0b9d1f4e-6a0c-4a57-9c53-6f3f2a1f9d10"
TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"  # noqa: S105 - the head of any


EXAMPLE = {
    "access_token": TOKEN,
    "token_type": "Bearer",
    "expires_in": LIFETIME,
    "store_id": 1,
    "store_name": "온달 한식당",
}

THROTTLED = """\
Failures are counted, by default 10 in 5 minutes for an account and 100 for a client's address; then the answer is 429,
with Retry-After. Wrong passwords and unknown accounts get the same answer. While as many passwords are being checked
as the process checks at once, the answer is 503, with Retry-After."""

OPERATIONS = {
    "log_in_table": Operation(
        "Log a tablet in to its table",
        description=f"Starts the table's session, or joins the one that is active. {THROTTLED}",
        body=Body(
            TableLoginSchema,
            {"the demo's table 3": {"store_id": 1, "table_number": 3, "table_password": "demo-table"}},
        ),
        answers={
            200: Answer(
                "The table's token and session",
                TableToken,
                {**EXAMPLE, "table_id": 3, "table_number": 3, "session_id": SESSION_ID},
                links={"table_id": ("end_session",)},
            )
        },
        problems=("credentials_invalid", "too_many_failures", "too_many_logins"),
    ),
    "log_in_admin": Operation(
        "Log an admin in",
        description=THROTTLED,
        body=Body(AdminLoginSchema, {"the demo's admin": {"username": "demo", "password": "demo-admin"}}),
        answers={200: Answer("The admin's token", AdminToken, {**EXAMPLE, "username": "demo"})},
        problems=("credentials_invalid", "too_many_failures", "too_many_logins"),
    ),
}
