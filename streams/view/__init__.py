"""Looking after the live view: building it again from the changes, and checking that it equals them."""
