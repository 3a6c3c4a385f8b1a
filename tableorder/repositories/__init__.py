"""The SQL, one class a noun; a repository is given a connection and never ends its transaction."""
