"""How the rows of a split become shards: a record of all that decides it, and a job for each shard."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ..core.cache import file_digest
from ..dataset.plan_check import check_plan, warn_of_labels
from ..dataset.source import Source
from ..dataset.split_plan import plan_split
from .convert_options import Options
from .resume import PlanRecord, rows_digest
from .shard_job import ShardJob, pack_rows
from .sharding import cut, parse_size, row_sizes
from .storage import Storage
from .writers import shard_name


def plan_shards(
    source: Source, split: str, storage: Storage, options: Options
) -> tuple[PlanRecord, list[ShardJob], int]:
    """How the shards of a split are written, and how many of its masks are upright."""
    plan = plan_split(source, split, options.verify, sizes=options.images, image_ids=options.image_ids)
    check_plan(plan, source.config, options.on_missing)
    warn_of_labels(plan, source.config)
    reader, rows = (plan.reader if options.images else None), plan.rows
    image_sizes, source_digest = np.zeros(rows.num_rows, np.int64), ""
    if reader is not None:
        measure = reader.measure(rows)
        image_sizes, source_digest = measure.sizes, measure.identity
        if reader.random_access and "size" not in rows.column_names:  # files, at least some of them
            rows = rows.append_column("size", pa.array(image_sizes))
    target = parse_size(options.max_shard_size)
    sizes = row_sizes(rows, image_sizes, plan.masks)
    pieces = cut(rows, sizes, reader, target)
    record = PlanRecord(
        config=source.config,
        split=split,
        form=options.form,
        images=options.images,
        max_shard_size=target,
        shards=len(pieces),
        rows=rows.num_rows,
        rows_digest=rows_digest(rows),
        source_digest=source_digest,
        masks_digest=file_digest(plan.masks) if plan.masks is not None else "",
    )
    ends = np.cumsum([len(piece) for piece in pieces])
    jobs = [
        ShardJob(
            out=storage.url,
            name=shard_name(options.form, source.config, split, number, len(pieces)),
            form=options.form,
            config=source.config,
            reader=reader,
            masks=plan.masks,
            rows=pack_rows(piece),
            num_rows=len(piece),
            size=int(sizes[end - len(piece) : end].sum()),
            pyarrow=record.pyarrow,
        )
        for number, (piece, end) in enumerate(zip(pieces, ends))
    ]
    return record, jobs, len(plan.pairs.upright)
