"""The commands, a module each with `run(args) -> int` (the exit code); imported by `cli.main` when it is called."""
