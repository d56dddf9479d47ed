"""The demo's way to the Hub: convert, load the shards back with plain `datasets`, say which command would push."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagenet_s.cli.output import say, table

if TYPE_CHECKING:
    from imagenet_s.cli.demo import Demo


def convert_and_load(demo: Demo) -> None:
    """Write the shards, read them again without any code of ours, compare, and print the push.

    Raises:
        RuntimeError: the rows of the shards are not those of the builder.
    """
    import datasets

    from imagenet_s.conversion.shards import Options, convert, verify

    demo.headline("Converted to shards, and loaded with plain datasets")
    out = demo.output / "imagenet-s"
    options = f"--config {demo.config} --annotations-dir {demo.annotations} --no-verify"
    say(f"$ imagenet-s convert {demo.imagenet} {out} {options}")
    index = convert(demo.imagenet, out, demo.config, demo.annotations, Options(verify=False))
    verify(out)
    rows = [(shard.file, shard.rows, shard.bytes, shard.sha256[:12]) for _, _, shard in index.shards()]
    say(table(rows, ("file", "images", "bytes", "sha256")))
    say(f'>>> load_dataset("{out}", "{demo.config}", split="validation")')
    loaded = datasets.load_dataset(str(out), demo.config, split="validation", cache_dir=str(demo.output / "cache"))
    same = all(
        one["image_id"] == other["image_id"]
        and one["image"].tobytes() == other["image"].tobytes()
        and one["annotation"].tobytes() == other["annotation"].tobytes()
        for one, other in zip(loaded, demo.loaded["validation"])
    )
    if not same or len(loaded) != len(demo.loaded["validation"]):
        raise RuntimeError("the rows of the shards are not those of the builder")
    say(f"{len(loaded)} rows, pixel for pixel those of the builder. To bring it to the Hub, privately:")
    say(f"$ imagenet-s push {out} --repo-id NAME/imagenet-s")
    demo.results.append((f"{out.name}/README.md", "the data set's card; the shards lie beside it"))
