"""Predictions for any number of images, written to a file: in parts, so that a killed command can be continued.

images    which images, in which order, and which of them are a shard's
job       what was asked for, by which a continued command and the parts of a merge are compared
pipeline  files → decoded batches → answers, each while the next is prepared
parts     what is written so far
csv_form, json_form, parquet_form   answers as the lines or rows of a file, and such files joined in order
write     all of it together
merge     the files of all shards → one
"""
