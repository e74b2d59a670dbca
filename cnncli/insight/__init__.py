"""What a model knows: pure functions on the arrays that an evaluation leaves."""
