"""The protocol, for both processes: tokens, problems, request ids, headers, events. No Flask, no database."""
