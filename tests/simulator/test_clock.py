from datetime import datetime, timedelta

from simulator.clock import WIB, Clock, parse_moment

START = datetime(2026, 11, 23, 10, tzinfo=WIB)


async def test_a_jump_runs_what_falls_due_in_order_each_at_its_own_moment() -> None:
    clock = Clock(START, 0)
    seen: list[datetime] = []

    def note() -> None:
        seen.append(clock.now())

    def note_and_go_on() -> None:
        note()
        clock.call_after(5, note)

    clock.call_after(20, note)
    clock.call_after(10, note_and_go_on)

    clock.advance(30)

    assert [moment - START for moment in seen] == [timedelta(seconds=n) for n in (10, 15, 20)]
    assert clock.now() == START + timedelta(seconds=30)
    clock.stop()


async def test_a_cancelled_timer_does_nothing() -> None:
    clock = Clock(START, 0)
    seen: list[str] = []
    clock.call_after(1, lambda: seen.append("rang")).cancel()

    clock.advance(2)

    assert seen == []
    clock.stop()


def test_moments_are_read_as_iso_or_as_midtrans_writes_them() -> None:
    assert parse_moment("2026-11-23T03:00:00Z") == START
    assert parse_moment("2026-11-23 10:00:00 +0700") == START
    assert parse_moment("2026-11-23 10:00:00") == START
