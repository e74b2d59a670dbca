"""What a network knows: figures from the arrays that an evaluation leaves, and where its evidence lies in an image."""
