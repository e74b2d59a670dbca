"""Which files there are: where a source lies, how its folders are divided, and the list of all its images."""
