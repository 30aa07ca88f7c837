"""Gradient tapes that need no TensorFlow.

``recorder`` is the tape itself and knows no array library; ``structure`` flattens and packs nested
structures; ``overrides`` replaces the gradient of a function. ``numpy`` joins them to NumPy and spells
the result as TensorFlow does.
"""
