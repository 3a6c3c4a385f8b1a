"""Everything that can go wrong by rule. Each class has a stable machine word, `code`; HTTP maps the classes."""

from collections.abc import Mapping


class DomainError(Exception):
    """A foreseeable refusal. `detail` is a sentence for a person; `code` is for programs and never changes.

    `members` says more to programs: each is a member of the problem document.
    """

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None, members: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.members = dict(members or {})


class Invalid(DomainError):
    """The request itself is wrong; `errors` maps a field to its messages."""

    code = "validation_failed"

    def __init__(self, detail: str, *, code: str | None = None, errors: Mapping[str, object] | None = None) -> None:
        super().__init__(detail, code=code, members={"errors": errors} if errors else None)


class Unauthorized(DomainError):
    """Nobody, or nobody that we know."""

    code = "unauthorized"


class Forbidden(DomainError):
    """Known, but of the wrong role."""

    code = "forbidden"


class NotFound(DomainError):
    """Unknown, deleted or another store's: never told apart."""

    code = "not_found"


class Conflict(DomainError):
    """The present state does not allow it."""

    code = "conflict"


class LimitReached(Conflict):
    """There are as many already as there may be: `limit`."""

    code = "limit_reached"

    def __init__(self, detail: str, *, limit: int) -> None:
        super().__init__(detail, members={"limit": limit})


class KeyReused(DomainError):
    """An idempotency key came back with another body."""

    code = "idempotency_key_reused"


class Throttled(DomainError):
    """Too many in too short a time; try again after `retry_after` seconds."""

    code = "too_many_failures"

    def __init__(self, detail: str, *, retry_after: float, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """We cannot serve this now, through no fault of the caller; try again after `retry_after` seconds."""

    code = "unavailable"
    retry_after = 1


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, does not answer in time, is a standby, or went away under a statement."""

    code = "database_unavailable"


class PoolExhausted(Unavailable):
    """The database is there, but no connection came free in time."""

    code = "pool_exhausted"


class TooManyLogins(Unavailable):
    """As many passwords are being checked as are allowed at once."""

    code = "too_many_logins"


class TooManyStreams(Unavailable):
    """As many live feeds are open as are allowed."""

    code = "too_many_streams"
    retry_after = 5
