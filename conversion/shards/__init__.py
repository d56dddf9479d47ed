"""Shards: rows written once as a data set repository that plain `datasets` reads without any code of ours.

`convert` is the whole of it, `verify` reads a result again. Between them: `cutting` decides what a shard is, `record`
remembers what was planned, `beginning` compares it with an earlier run, `job` writes one shard (with `formats` and
`sink`, at a `place`), `workers` hands jobs to an executor, such as the `processes` of this machine, `index`, `card` and
`repository` write what lies around.

May import the rest of `conversion`; never the builder.
"""

from imagenet_s.conversion.shards.convert import DEFAULT_SPLITS, Options, convert
from imagenet_s.conversion.shards.index import Index, read_index
from imagenet_s.conversion.shards.verify import verify

__all__ = ["DEFAULT_SPLITS", "Index", "Options", "convert", "read_index", "verify"]
