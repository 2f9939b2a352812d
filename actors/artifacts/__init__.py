"""Release directories, environments by hash, persistent paths, the target and its switch, clean-up."""
