"""Backups: taken, kept, proven and brought back. `bin/backup-db`, `bin/verify-backup`, `bin/restore-db`."""


class BackupError(Exception):
    """It was refused or failed; the message says why in one line."""
