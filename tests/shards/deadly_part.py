"""Images that kill whoever reads them; in a module of its own, so that worker processes can import it."""

import os
import signal
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from imagenet_s.conversion.imagenet.base import ImageReader, Measure


class DeadlyPart(ImageReader):
    form = "deadly images"

    def index(self, wnids: Sequence[str] | None = None) -> pa.Table:
        raise NotImplementedError

    def measure(self, rows: pa.Table) -> Measure:
        return Measure(np.zeros(rows.num_rows, np.int64), "")

    def read(self, rows: pa.Table, batch_size: int) -> Iterator[pa.Array]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield pa.nulls(0)
