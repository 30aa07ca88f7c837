"""Python code as HTML: few classes, which a style sheet colours for light and dark."""

from __future__ import annotations

import functools
from typing import Any, Iterator, List, Tuple

from markupsafe import Markup, escape
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Number, Operator, String

_CLASSES = ((Comment, "c"), (String, "s"), (Number, "n"), (Keyword, "k"), (Operator.Word, "k"))


@functools.lru_cache(maxsize=None)
def highlight(code: str) -> Markup:
    """The code, for a ``pre``: comments have the class c, strings s, numbers n, keywords k."""
    return Markup(
        "".join(
            '<i class="{}">{}</i>'.format(name, escape(text)) if name else escape(text)
            for name, text in _pieces(code)
        )
    )


def _pieces(code: str) -> Iterator[Tuple[str, str]]:
    """The code cut where its class changes; white space belongs to what is before it."""
    current = ""
    texts: List[str] = []
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(code):
        name = current if text.isspace() else _class(kind)
        if name != current:
            yield current, "".join(texts)
            current, texts = name, []
        texts.append(text)
    yield current, "".join(texts)


@functools.lru_cache(maxsize=None)
def _class(kind: Any) -> str:
    return next((name for token, name in _CLASSES if kind in token), "")
