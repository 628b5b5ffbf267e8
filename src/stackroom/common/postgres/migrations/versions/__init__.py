"""One file for each version; `upgrade` makes it of the one before. There is no way back."""
