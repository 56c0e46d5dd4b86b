"""`gedrag demo`: the whole of it on one machine, with embedded parts, a simulated shop and a faster clock.

The worker is the one a shop runs, as a process of its own with nothing changed but its settings and its clock.
"""
