"""The pure half: events and state in, decisions out. No I/O, no clock, no randomness, no Faust."""
