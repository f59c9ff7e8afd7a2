"""The command `in-use`: lists the images that run, for people, auditors and whoever cleans up."""
