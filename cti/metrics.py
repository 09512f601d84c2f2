"""The server's figures for Prometheus, in a registry of their own. Names end in their unit; labels are closed lists."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

POP_BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """One process's figures."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.pop_latency = Histogram(
            "trubka_pop_latency_seconds",
            "From the AMI bytes to the painted card, as the browser acknowledged it",
            buckets=POP_BUCKETS,
            registry=self.registry,
        )
        self.lag = Histogram(
            "trubka_loop_lag_seconds",
            "How late the event loop was",
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5),
            registry=self.registry,
        )
        self.requests = Counter(
            "trubka_http_requests", "Requests by route and status", ("route", "status"), registry=self.registry
        )
        self.browsers = Gauge("trubka_browsers", "Open live wires", registry=self.registry)
        self.spool_pending = Gauge("trubka_spool_pending", "Writes that wait for the database", registry=self.registry)
        self.pbx_up = Gauge("trubka_pbx_up", "1 while the link to the PBX is up", registry=self.registry)
        self.ami_frames = Gauge("trubka_ami_frames", "Manager events read since start", registry=self.registry)
        self.reaction_failures = Gauge(
            "trubka_reaction_failures", "Reactions that raised or took too long since start", registry=self.registry
        )

    def page(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
