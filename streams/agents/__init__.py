"""Faust agents over the engine's outputs: delivery of messages, and the live view."""
