"""gunicorn: its worker, processor affinity, and the checks before the start."""
