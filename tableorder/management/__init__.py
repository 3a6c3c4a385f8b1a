"""What an operator runs: `bin/serve` and `bin/tableorder`."""
