"""How a network computes where there is more than one way to the same numbers, but for their last digits."""
