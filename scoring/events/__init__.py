"""Events: what a shop sends, decoded, checked and brought to whole cents, thousandths and milliseconds."""
