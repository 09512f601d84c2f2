"""The server's figures for Prometheus, in a registry of their own. Names end in their unit; labels are closed lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
        self.sms_calls = Counter(
            "trubka_sms_callbacks", "Calls of SMS gateways by how they ended", ("outcome",), registry=self.registry
        )
        self._gauges: dict[str, Gauge] = {}
        self._read: list[tuple[Gauge, Callable[[], float]]] = []
        self._oddities = Gauge(
            "trubka_tracker_oddities",
            "Odd things in the manager events since start",
            ("pbx", "kind"),
            registry=self.registry,
        )
        self.oddities: dict[str, Callable[[], Mapping[str, int]]] = {}  # by PBX; kinds are the tracker's closed list

    def read(self, name: str, text: str, figure: Callable[[], float], **labels: str) -> None:
        """A figure that somebody else keeps: read when the page is asked for. One name has the same labels always."""
        gauge = self._gauges.get(name)
        if gauge is None:
            gauge = self._gauges[name] = Gauge(f"trubka_{name}", text, tuple(labels), registry=self.registry)
        self._read.append((gauge.labels(**labels) if labels else gauge, figure))

    def page(self) -> bytes:
        """The exposition text."""
        for gauge, figure in self._read:
            gauge.set(figure())
        for pbx, oddities in self.oddities.items():
            for kind, count in oddities().items():
                self._oddities.labels(pbx, kind).set(count)
        return generate_latest(self.registry)
