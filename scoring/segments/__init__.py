"""Segment definitions: the file's model, its reader and its faults."""
