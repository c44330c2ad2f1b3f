"""Which traces are kept: those of requests. Of these Application Insights, which is paid for by the gigabyte, gets some."""

import time
from collections.abc import Callable, Sequence
from threading import Lock

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

# Of each worker, in the long run: 13 GB a month. What has not been used is there for a while: for the requests of a page, or of a training that starts.
_A_SECOND = 1
_AT_ONCE = 30

# The percentage of requests that are kept, by which Application Insights multiplies what it gets.
_RATE = "_MS.sampleRate"


class Few:
    """Lets a few requests a second through. What the exporter has for this lets the trace of a client decide, and takes a burst for a rate."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._left = float(_AT_ONCE)
        self._at = clock()
        self._waiting = 0

    def next(self) -> int:
        """How many requests this one stands for, itself and those that were not let through before it; none if it is not let through."""
        with self._lock:
            now = self._clock()
            self._left = min(_AT_ONCE, self._left + (now - self._at) * _A_SECOND)
            self._at = now
            self._waiting += 1
            if self._left < 1:
                return 0
            self._left -= 1
            stands_for = self._waiting
            self._waiting = 0
            return stands_for


class _Requests(Sampler):
    """Leaves out what belongs to no request: statements of the start, of probes and of what counts jobs."""

    def __init__(self, few: Few | None = None) -> None:
        self._few = few

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        if kind != SpanKind.SERVER:
            return SamplingResult(Decision.DROP)
        if self._few is not None:
            if not (stands_for := self._few.next()):
                return SamplingResult(Decision.DROP)
            attributes = {**(attributes or {}), _RATE: 100 / stands_for}
        return ALWAYS_ON.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        return "FewRequests" if self._few else "Requests"


class _AsRequest(Sampler):
    """Keeps what belongs to a request that is kept, at its rate."""

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        of_request = getattr(get_current_span(parent_context), "attributes", None) or {}
        inherited = {**(attributes or {}), _RATE: of_request.get(_RATE, 100.0)}
        return ALWAYS_ON.should_sample(parent_context, trace_id, name, kind, inherited, links, trace_state)

    def get_description(self) -> str:
        return "AsRequest"


def requests() -> Sampler:
    """A client that has sampled its own trace decides for its request."""
    return ParentBased(_Requests())


def few_requests(few: Few) -> Sampler:
    """Whatever a client says of its own trace."""
    sampler = _Requests(few)
    return ParentBased(sampler, remote_parent_sampled=sampler, remote_parent_not_sampled=sampler, local_parent_sampled=_AsRequest())
