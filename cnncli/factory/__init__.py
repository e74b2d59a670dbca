"""Spec → Keras objects. The only room that constructs Keras."""
