"""Data sets in the files that their authors published: MNIST's pack, MATLAB files, and downloads."""
