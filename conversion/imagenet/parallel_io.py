"""Asking a file system many things: alone as long as it answers at once, several at a time when it takes a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_THREADS = 8

SLOW_LISTING = 0.005
"""Seconds for a folder from which on its disk is taken for one that does not answer from memory."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def answers(ask: Callable[[Item], Answer], items: Iterable[Item], slow: float) -> Iterator[Answer]:
    """`map(ask, items)`, whichever way is quicker.

    What is in memory is answered in microseconds, and threads would do no more than wait for each other; a network
    disk takes milliseconds, and threads do their waiting together.

    Args:
        ask: asks the file system, and nothing else that takes time.
        items: what to ask it about.
        slow: seconds for one item; once one takes longer, threads ask about the rest.

    Yields:
        The answers, in the order of `items`.
    """
    left = iter(items)
    for item in left:
        began = time.perf_counter()
        answer = ask(item)
        took = time.perf_counter() - began
        yield answer
        if took > slow:
            break
    with ThreadPoolExecutor(_THREADS) as threads:
        yield from threads.map(ask, left)
