"""Asking a disk: alone while it answers at once, with several once it does not; the answers are the same."""

import threading
import time

import pytest

from imagenet_s.conversion.imagenet.parallel_io import answers


def test_a_quick_disk_is_asked_by_one() -> None:
    asked_by = set()

    def ask(item: int) -> int:
        asked_by.add(threading.get_ident())
        return item * 2

    assert list(answers(ask, range(100), slow=60)) == list(range(0, 200, 2))
    assert asked_by == {threading.get_ident()}


def test_a_slow_disk_is_asked_by_several() -> None:
    meeting = threading.Barrier(4)  # passed only where four ask at the same time

    def ask(item: int) -> int:
        if item > 2:
            meeting.wait(timeout=30)
        time.sleep(0.02 if item == 2 else 0)
        return item * 2

    assert list(answers(ask, range(3 + 8), slow=0.01)) == list(range(0, 22, 2))


@pytest.mark.parametrize("slow", [60, 0], ids=["one", "several"])
def test_what_goes_wrong_is_said(slow: float) -> None:
    def ask(item: int) -> int:
        return 1 // (5 - item)

    found = answers(ask, range(10), slow)
    assert [next(found) for _ in range(5)] == [0, 0, 0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_nothing_to_ask() -> None:
    assert list(answers(len, [], slow=1)) == []
