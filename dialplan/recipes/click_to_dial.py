"""What an agent's device may dial, by hand or by a click: Originate enters this context with the number as Exten."""

from __future__ import annotations

from dialplan.model import Context


def from_internal(context: str, *, parts: tuple[str, ...]) -> Context:
    """parts: contexts in the order in which they are searched, e.g. colleagues, queues, parked calls, the trunk."""
    return Context(name=context, title="what agents and the click-to-dial may reach", includes=parts)
