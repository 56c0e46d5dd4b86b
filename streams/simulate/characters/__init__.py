"""Characters: labelled customers, each with a story that one of the shipped segments should find."""

from streams.simulate.characters.cast import CHARACTERS, perform
from streams.simulate.characters.character import Character

__all__ = ["CHARACTERS", "Character", "perform"]
