"""Expressions: the language of segment definitions, from text to a checked tree to generated Python."""
