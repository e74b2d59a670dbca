"""One module for each kind of lists that published data sets have."""
