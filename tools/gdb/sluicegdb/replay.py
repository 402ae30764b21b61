"""Going back in a recorded run: io-when, io-rewind."""
