"""`vedette doctor`: how everything stands that Vedette is made of, and what to do about it.

Each module here looks at one part, and returns findings; `run` has them one after the other.
"""
