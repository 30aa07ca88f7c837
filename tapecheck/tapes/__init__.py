"""Gradient tapes that need no TensorFlow.

``recorder`` is how operations are recorded and differentiated, ``tape`` the gradient tape on top of
it, ``overrides`` what replaces the gradient of a function, ``structure`` nested structures. They
know no array library; ``library`` is what they ask of one. ``numpy`` joins them to NumPy, and
spells the result as TensorFlow does.
"""
