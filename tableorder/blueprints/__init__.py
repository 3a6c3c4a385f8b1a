"""The HTTP routes, one blueprint per noun."""
