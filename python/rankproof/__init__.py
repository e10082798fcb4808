"""What learning does to the rank of a network's weights."""
