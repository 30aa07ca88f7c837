"""What the namespaces have in common whose derivatives are their library's own.

Such a namespace is a package whose ``__path__`` leads through this folder to that of the NumPy
tape, so that it inherits what it does not define itself. Its module ``xp`` brings the arrays of
its library and, beyond what NumPy's has, ``vjp`` and, where there is a compiler, ``jit``.
"""
