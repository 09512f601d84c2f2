"""What waits to be done, on both engines: tasks that are due, orders, marks of missed calls, what closes by itself."""

from __future__ import annotations

from sqlalchemy import text

from cti.clients.callbacks import KeyDraft, Order
from cti.clients.tasks import TaskDraft
from cti.clients.work import Worker, is_of
from cti.storage import callbacks, dial_requests, missed, tasks, work
from cti.storage.database import Database
from cti.storage.dial_requests import DialRequest
from tests.storage.conftest import ANNA, BORIS, CLARA
from tests.storage.test_missed import HOME, WORK, call, client

NOW = 1000.0


async def test_tasks_are_due_reminded_of_anew_and_done_by_the_call_they_were_dialled_by(db: Database) -> None:
    own = await client(db, HOME)
    draft = TaskDraft(what="Счёт", due_at=500.0, owner_id=ANNA, kind="callback", call="c-1")
    async with db.write() as conn:
        of_client = await tasks.add(conn, own, draft, NOW, ANNA)
        of_nobody = await tasks.add(conn, None, TaskDraft(what="x", due_at=600.0, owner_id=BORIS, number=WORK), NOW, 1)
        await tasks.add(conn, own, TaskDraft(what="позже", due_at=2000.0, owner_id=ANNA), NOW, ANNA)
    async with db.read() as conn:
        due = await tasks.due(conn, NOW, (ANNA, BORIS))
        assert [one.id for one in await tasks.due(conn, NOW, (BORIS,))] == [of_nobody]
        assert await tasks.due(conn, NOW, (ANNA,), each=0) == []
        assert [(one.id, one.number, one.client_id) for one in due] == [(of_client, HOME, own), (of_nobody, WORK, None)]
        assert [one.id for one in await tasks.due_before(conn, 5000.0, ANNA)] == [of_client, of_client + 2]
        said = await tasks.of_call(conn, "c-1", ANNA)
        assert said is not None
    async with db.write() as conn:
        await tasks.remind(conn, of_client, None, "click-1")
        await tasks.change(conn, of_client, draft)  # nothing else: not reminded of anew
        await tasks.change(conn, of_nobody, TaskDraft(what="x", due_at=700.0, owner_id=BORIS))
    async with db.read() as conn:
        assert [(one.id, one.remind_at) for one in await tasks.due(conn, NOW, (ANNA, BORIS))] == [(of_nobody, 700.0)]
    request = DialRequest(
        request_id="click-1", user_id=ANNA, number=HOME, extension="", client_id=own, device="PJSIP/101", call_id=None,
        state="ok", created_at=NOW,
    )  # fmt: skip
    await call(db, 900.0, HOME, direction="outbound", outcome="no-answer")
    async with db.write() as conn:
        await dial_requests.claim(conn, request)
        await conn.execute(text("UPDATE calls SET request_id = 'click-1'"))
        await tasks.close_called_back(conn, NOW)
        assert (await tasks.get(conn, of_client) or draft).done_at is None  # type: ignore[union-attr]
        await conn.execute(text("UPDATE calls SET answered_at = 910"))
        await tasks.close_called_back(conn, NOW)
    async with db.read() as conn:
        done = await tasks.get(conn, of_client)
        assert done is not None
        assert (done.done_at, done.done_by) == (NOW, "Anna")


async def test_orders_are_counted_whose_they_are_and_closed_by_a_talk(db: Database) -> None:
    async with db.write() as conn:
        await conn.execute(text(f"INSERT INTO user_queues (user_id, queue) VALUES ({BORIS}, 'sales')"))
        of_queue = await callbacks.add_key(conn, KeyDraft(name="a", queue="sales"), "h1", 1.0, ANNA)
        of_all = await callbacks.add_key(conn, KeyDraft(name="b", origins=("https://shop.example",)), "h2", 1.0, ANNA)
        await callbacks.hold(conn, of_queue)
        first = await callbacks.add(conn, of_queue, Order(client_key="k1", number=HOME), None, 500.0)
        second = await callbacks.add(conn, of_all, Order(client_key="k1", number=WORK), None, 600.0)
        assert await callbacks.ordered(conn, of_queue, "k1") == first
        assert await callbacks.count(conn, of_queue, 400.0) == 1
        assert await callbacks.count(conn, of_queue, 400.0, WORK) == 0
    async with db.read() as conn:
        assert await callbacks.allows_origin(conn, "https://shop.example")
        assert not await callbacks.allows_origin(conn, "https://shop.exampl")
        assert [one.orders for one in await callbacks.every_key(conn)] == [1, 1]
        everything = await work.gathered(conn, now=NOW, until=NOW)
        for user_id in (ANNA, BORIS, CLARA):
            who = await work.worker(conn, user_id)
            his = await work.gathered(conn, now=NOW, until=NOW, who=who)
            assert [one.id for one in his] == [one.id for one in everything if is_of(one, who)]
            assert len(his) == (2 if user_id == BORIS else 1)
    async with db.write() as conn:
        assert await work.order(conn, first, Worker(id=ANNA)) is None
        row = await work.order(conn, first, None)
        assert row.number == HOME
        await work.mark_order(conn, first, taken_by=BORIS, taken_until=NOW + 9)
    await call(db, 700.0, HOME, answered_at=710.0, outcome="answered")
    async with db.write() as conn:
        await callbacks.close_called_back(conn)
        assert await callbacks.revoke(conn, of_queue, NOW)
        assert not await callbacks.revoke(conn, of_queue, NOW)
        assert await callbacks.key_of(conn, "h1") is None
    async with db.read() as conn:
        assert [one.id for one in await work.gathered(conn, now=NOW, until=NOW)] == [str(second)]


async def test_marks_of_a_missed_call_are_of_its_client(db: Database) -> None:
    own = await client(db, HOME, WORK)
    await call(db, 100.0, HOME, queue="sales")
    await call(db, 200.0, WORK, queue="sales")
    async with db.write() as conn:
        (item,) = await missed.missed(conn, since=0.0)
        lost = await missed.concerns(conn, item.call, None)
        assert await missed.concerns(conn, item.call, CLARA) is None
        await missed.mark(conn, item.call, NOW, taken_by=BORIS, taken_until=NOW + 9)
        await conn.execute(text(f"UPDATE calls SET client_id = {own}"))
        lost = await missed.concerns(conn, item.call, None)
        assert await missed.taker(conn, lost, NOW) == (BORIS, "Boris")
        assert await missed.taker(conn, lost, NOW + 10) is None
        (one,) = await missed.missed(conn, since=0.0)
        assert (one.taken_by, one.is_taken(NOW), one.tries) == ("Boris", True, 2)
        await missed.mark(conn, item.call, NOW, closed_at=NOW, closed_by=ANNA, why="спам")
        assert await missed.missed(conn, since=0.0) == []
        (closed,) = await missed.missed(conn, since=0.0, state="closed")
        assert (closed.closed_by, closed.why) == ("Anna", "спам")
        assert await missed.is_done(conn, lost)
    again = await call(db, 300.0, WORK, queue="sales", client_id=own)
    async with db.write() as conn:
        lost = await missed.concerns(conn, again, None)
        assert not await missed.is_done(conn, lost)
    await call(db, 400.0, HOME, client_id=own, answered_at=410.0, outcome="answered", direction="outbound")
    async with db.read() as conn:
        assert await missed.is_done(conn, lost)
