"""The `imagenet-s` command.

`main` parses and dispatches; `parsers/` describes the commands and imports nothing heavy, so that `--help` answers at
once; `commands/` has a module for each command, imported when it is called; `output` prints.
"""
