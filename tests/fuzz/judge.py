"""What a reader may do with damaged input: give a right result, or refuse it by one clear error of ours."""

import contextlib
import random
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutations import Mutation, mutate

from imagenet_s.conversion.core.errors import ImageNetSError, printable

SECONDS = 20
"""For one input. It takes milliseconds; what takes this long hangs."""


class Hang(BaseException):
    """An input was not read in time. No `Exception`, so that no reader takes it for damage."""


@dataclass(frozen=True)
class Target:
    """A reader that is given damaged input.

    Attributes:
        name: of the target, and of the folder of its cases.
        samples: label -> sound input, small.
        read: reads an input, in an empty folder of its own; gives what was read, or raises.
        special: damages this format in ways that bytes alone rarely hit.
        same: where checksums protect the content: whether what was read is as undamaged (got, undamaged).
        says: what every refusal has to contain, the name of the file, say.
    """

    name: str
    samples: Callable[[], dict[str, bytes]]
    read: Callable[[bytes, Path], Any]
    special: Mutation | None = None
    same: Callable[[Any, Any], bool] | None = None
    says: str = ""

    def inputs(self, number: int, seed: int) -> Iterator[tuple[str, bytes]]:
        """(label of the sample, damaged input); the same ones for the same seed."""
        samples = self.samples()
        rng = random.Random(f"{self.name} {seed}")
        for _ in range(number):
            label = rng.choice(list(samples))
            yield label, mutate(samples[label], rng, self.special)


class Judge:
    """Gives inputs to a target and says what came of each."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self._folder = folder
        self._undamaged = {label: self._read(data) for label, data in target.samples().items()} if target.same else {}

    def verdict(self, label: str, data: bytes) -> str:
        """`right`, `refused`, or what is wrong."""
        try:
            with within(SECONDS):
                got = self._read(data)
        except Hang:
            return f"not read within {SECONDS} s"
        except Exception as error:  # noqa: BLE001
            return problem_of(error, self.target.says) or "refused"
        if self.target.same is not None and not self.target.same(got, self._undamaged[label]):
            return "another result than of the undamaged input"
        return "right"

    def _read(self, data: bytes) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.target.read(data, self._folder)


def problem_of(error: Exception, says: str = "") -> str | None:
    """What is wrong with an error as an answer to damaged input; None if it is one clear error of ours."""
    if type(error) is not ValueError and not isinstance(error, ImageNetSError):
        return f"{type(error).__name__}: {str(error)[:200]!r}"
    text = " ".join(str(error).split())
    if not isinstance(error, ImageNetSError):  # as the command line prints it
        text = printable(text)
    if says not in text:
        return f"the message does not name {says}: {text[:200]!r}"
    if text != printable(text) or not 10 < len(text) < 2000:
        return f"the message is no paragraph: {text[:200]!r}"
    return None


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises `Hang` when the block takes longer, where signals can be used."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
