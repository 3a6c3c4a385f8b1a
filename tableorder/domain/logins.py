"""How often a login may fail, and how many passwords are checked at once."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LoginLimits:
    """How many failures, in the latest `window` seconds, an account or a client address may have.

    `checks`: how many passwords a process checks at once; 0 for any number.
    """

    account_failures: int = 10
    address_failures: int = 100
    window: int = 300
    checks: int = 2

    @property
    def familiar_failures(self) -> int:
        """How many all addresses together that are familiar to an account may have."""
        return 2 * self.account_failures
