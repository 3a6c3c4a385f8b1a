"""What the present thread has used of the database, for the line that is logged of each request."""

import threading


class Usage(threading.local):
    """How many round trips, and how long they took, in seconds, since the last reset."""

    statements = 0
    seconds = 0.0

    def reset(self) -> None:
        """Begin anew."""
        self.statements = 0
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """One more round trip."""
        self.statements += 1
        self.seconds += seconds


usage = Usage()
