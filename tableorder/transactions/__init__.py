"""Reads and writes of one store: a write notifies the live feed, a read may go to a standby."""
