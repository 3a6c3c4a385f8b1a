"""The SQL, one class per noun; a repository is given a connection and never ends its transaction."""
