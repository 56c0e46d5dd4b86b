"""Calls of Segment's Tracking API (track, identify, page, screen, alias) read as the events of contract section 1.

`Table` says what becomes of a call by its name: the shipped one follows Segment's e-commerce specification (v2) and its one for e-mail,
and a shop puts its own before it. `Mapper` does it: a call and the table in, records of the input topics out. Pure, and forgiving where
tracking libraries are (camelCase or snake_case, numbers written as text), strict where the events are.
"""
