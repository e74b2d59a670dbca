"""What things do and when to change them: our own texts, and Keras' docstrings where there are none.

Nothing here starts TensorFlow. The texts are Markdown files in `texts/`.
"""
