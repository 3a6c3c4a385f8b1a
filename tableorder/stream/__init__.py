"""The live feed: one process, one thread, thousands of open streams. See hub.py for how an event gets to them."""
