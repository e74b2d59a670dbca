"""The Python API, and the first user of it the command line. Its names are those of `cnncli.__all__`."""
