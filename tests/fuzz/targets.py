"""The readers that are given damaged input: one target each."""

from archive_targets import ARCHIVE_TARGETS
from image_targets import IMAGE_TARGETS
from judge import Target
from loader_target import LOADERS
from map_targets import MAP_TARGETS
from record_targets import RECORD_TARGETS
from yaml_targets import YAML_TARGETS

TARGETS: tuple[Target, ...] = (*IMAGE_TARGETS, *ARCHIVE_TARGETS, *RECORD_TARGETS, *YAML_TARGETS, *MAP_TARGETS, LOADERS)
