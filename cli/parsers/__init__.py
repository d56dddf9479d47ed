"""The arguments of the commands: `dataset_parsers`, `export_parser`, `loader_parser`, `metric_parsers` and
`submit_parser`; `options` is shared.

Each has a function that adds its parsers, and sets `command` to the module in `cli.commands` that runs it. An argument
that names a path has one of the types of `options`. They import nothing heavy: no datasets, no pyarrow.
"""
