"""What `convert` has written, read again: the columns (`columns`) and the list of shards (`dataset_index`)."""
