"""What the live feed counts for Prometheus; it is one process, which answers /metrics by itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from tableorder import metric_files

metric_files.install()

REGISTRY = CollectorRegistry()

OPEN = Gauge("tableorder_streams_open", "Live feeds that are open", registry=REGISTRY)
EVENTS = Counter("tableorder_events_sent", "Events sent, each once for each feed", registry=REGISTRY)
SLOW = Counter("tableorder_slow_readers", "Feeds dropped because their reader took nothing", registry=REGISTRY)
REFUSED = Counter("tableorder_streams_refused", "Feeds refused because too many were open", registry=REGISTRY)
