"""What `convert` has written, read again: the columns (`columns`), the list of shards (`dataset_index`), and a shard
(`open_shard`, the only opener).
"""
