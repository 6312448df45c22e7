"""What the public-key registry costs with many keys in it."""
