"""A demo community, made up from start to end, and bulk data for load."""
