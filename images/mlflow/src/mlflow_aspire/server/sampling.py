"""Which traces are kept: those of requests. Of these Application Insights, which is paid for by the gigabyte, gets a few a second."""

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

# Of each worker: enough to tell how long requests take, and at most some gigabytes a month. Metrics count all of them.
_TRACES_A_SECOND = 1

# The percentage of traces that are kept, by which Application Insights multiplies what it gets.
_RATE = "_MS.sampleRate"


class _Requests(Sampler):
    """Leaves out what belongs to no request: statements of the start, of probes and of what counts jobs."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

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
        return self._sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        return f"Requests{{{self._sampler.get_description()}}}"


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
        rate = (getattr(get_current_span(parent_context), "attributes", None) or {}).get(_RATE)
        inherited = attributes if rate is None else {**(attributes or {}), _RATE: rate}
        return ALWAYS_ON.should_sample(parent_context, trace_id, name, kind, inherited, links, trace_state)

    def get_description(self) -> str:
        return "AsRequest"


def requests() -> Sampler:
    """A client that has sampled its own trace decides for its request."""
    return ParentBased(_Requests(ALWAYS_ON))


def limited() -> Sampler:
    """Whatever a client says of its own trace, no more than so many requests."""
    # Belongs to the exporter, which other destinations do without.
    from azure.monitor.opentelemetry.exporter import RateLimitedSampler

    few = _Requests(RateLimitedSampler(_TRACES_A_SECOND))
    return ParentBased(few, remote_parent_sampled=few, remote_parent_not_sampled=few, local_parent_sampled=_AsRequest())
