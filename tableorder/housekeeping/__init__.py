"""Removal of old rows, a function per table, run every minute."""
