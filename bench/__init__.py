"""How fast, compared with what, side by side in one run: ``python -m bench``."""
