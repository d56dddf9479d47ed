"""Runs over the same images, compared image by image.

`two_runs` (`compare`) and `many_runs` (`compare_many`) give differences with paired intervals, `power` how small a
difference can be told. `saved_run` reads files of any kind of run, `aligned_runs` puts their images in one order,
`paired_statistics` has the resamples, ranks and tests.
"""
