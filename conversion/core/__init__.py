"""What every other room stands on, and nothing of ImageNet-S: errors, files, folders, locks, caches, workers.

`errors` is what users meet, `hub_errors` what the Hub's client raises. `paths` knows every spelling of a path, `walk`
lists folders, `text_file` reads lists. `atomic_write` writes files, `cache` keeps them, `locks` lets one process at a
time; `read_only_sources` refuses to write into what is read. `workers` are processes, `parallel_io` threads.
"""
