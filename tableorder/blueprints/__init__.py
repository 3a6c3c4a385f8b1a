"""The HTTP routes, one blueprint a noun."""
