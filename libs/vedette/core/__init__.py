"""Vedette's contracts: the words of the product as types, and the pure decisions on them.

Nothing here does I/O or reads a clock; every service and library may import it.
"""
