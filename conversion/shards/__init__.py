"""Shards: the examples of a split written once, as a data set repository that plain `datasets` reads.

Start with `convert_splits`, whose `convert` writes a result as `convert_options` ask. `plan_shards` makes a job of
each shard, whose rows `sharding` chooses; `shard_job` writes it (with `writers` and `hashing_file`, into a `storage`),
and `executors` run the jobs, on a Dask cluster with `cluster`. `resume` keeps plans and completion markers for the
next run; `written_files` recognises our own files. `dataset_card` and `repository_files` write the files around the
shards, and `verify` checks a result.
"""

from ..converted.dataset_index import Index
from .convert_options import DEFAULT_SPLITS, Options
from .convert_splits import convert
from .repository_files import read_index
from .verify import verify

__all__ = ["DEFAULT_SPLITS", "Index", "Options", "convert", "read_index", "verify"]
