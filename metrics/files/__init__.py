"""Trees of masks on disk -> counts: folders, zips and converted data sets, paired and counted in several processes.

sources -> pairs -> scoring. Imports `metrics.matched_miou`, nothing else of the project.
"""
