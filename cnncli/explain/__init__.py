"""What things do and when to change them: our own words, Keras' where we have none, and worked examples.

Nothing here starts TensorFlow. The words are Markdown files in `texts/`; the numbers are computed.
"""
