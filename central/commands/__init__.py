"""The commands of the centre, by noun."""
