"""A fast disk is asked from one thread, a slow one from several; the answers are the same."""

import threading
import time

import pytest

from imagenet_s.conversion.core.parallel_io import parallel_map


def test_a_fast_disk_is_asked_from_one_thread() -> None:
    threads = set()

    def ask(item: int) -> int:
        threads.add(threading.get_ident())
        return item * 2

    assert list(parallel_map(ask, range(100), slow=60)) == list(range(0, 200, 2))
    assert threads == {threading.get_ident()}


def test_a_slow_disk_is_asked_from_several_threads() -> None:
    barrier = threading.Barrier(4)  # passed only where four ask at the same time

    def ask(item: int) -> int:
        if item > 2:
            barrier.wait(timeout=30)
        time.sleep(0.02 if item == 2 else 0)
        return item * 2

    assert list(parallel_map(ask, range(3 + 8), slow=0.01)) == list(range(0, 22, 2))


@pytest.mark.parametrize("slow", [60, 0], ids=["one thread", "several threads"])
def test_errors_are_raised_in_order(slow: float) -> None:
    answers = parallel_map(lambda item: 1 // (5 - item), range(10), slow)
    assert [next(answers) for _ in range(5)] == [0, 0, 0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(answers)


def test_no_items() -> None:
    assert list(parallel_map(len, [], slow=1)) == []
