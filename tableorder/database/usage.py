"""What the present thread has used of the database, for the line that is logged of each request."""

import threading


class Usage(threading.local):
    """How many round trips, how many slow ones among them, and their seconds in all, since the last reset."""

    statements = 0
    slow_statements = 0
    seconds = 0.0

    def reset(self) -> None:
        """Begin anew."""
        self.statements = self.slow_statements = 0
        self.seconds = 0.0

    def add(self, seconds: float, *, is_slow: bool) -> None:
        """One more round trip."""
        self.statements += 1
        self.slow_statements += is_slow
        self.seconds += seconds


usage = Usage()
