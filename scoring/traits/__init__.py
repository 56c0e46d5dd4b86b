"""Traits: one module per kind of behaviour. Each keeps its facts, folds events into them and offers attributes."""
