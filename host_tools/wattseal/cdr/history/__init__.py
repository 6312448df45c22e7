"""The sessions that were seen before, so that one is billed once and none is left out unnoticed.

rows.py says what is kept of one, tables.py where, store.py is what others use. A comparison
sorts out what is usual (neighbours.py); in the rest it looks for duplicates (duplicates.py, in SQL)
and walks the sessions of each key in order (walk.py, pure).
"""
