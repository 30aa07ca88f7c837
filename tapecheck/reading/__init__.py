"""Reading clauses: which names of a namespace each of them uses, found without running it.

A clause is evaluated on kinds of values instead of values: parts of the namespace, things that are
made by calling them, containers of these, and functions of the clause itself, which are entered
where they are called. What is neither (numbers, texts, arrays) has no kind. Both branches of a
decision are taken, and every function that nobody called is called in the end.
"""

from tapecheck.reading.reader import names_used

__all__ = ["names_used"]
