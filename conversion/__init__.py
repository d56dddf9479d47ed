"""ImageNet plus annotations -> rows -> shards, trees, Hub."""
