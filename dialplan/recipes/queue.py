"""A caller waits in a queue. The queue itself (strategy, members) is queues.conf's and AMI's, not the dialplan's."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.model import Assign, Context, Expr, Extension, Step, word

WAIT_S = 600


def wait_in(queue: str, *, wait_s: int = WAIT_S) -> tuple[Step | Assign, ...]:
    """Answer, then wait. Answered first because many carriers cut unanswered calls after a minute and play no music
    before; that pick-up is the queue's own and never counts as a conversation. t, k: agents may transfer and park.
    Why Queue() ended (full, nobody in it, timed out) no event of the PBX says: so the dialplan does.
    """
    return (
        Step(app="Answer"),
        Assign(variable="__TRUBKA_QUEUE", value=word(queue, "queue")),
        Step(app="Queue", args=(queue, "tk", "", "", str(wait_s))),
        Step(app="UserEvent", args=("TrubkaQueue", f"Queue: {queue}", Expr("Status: ${QUEUESTATUS}"))),
        Step(app="Hangup"),
    )


def queues(context: str, numbers: Mapping[str, str]) -> Context:
    """numbers: internal number -> queue, so that agents can transfer into a queue."""
    return Context(
        name=context,
        title="queues by internal number",
        extensions=tuple(Extension(number=n, title=f"queue {q}", steps=wait_in(q)) for n, q in numbers.items()),
    )
