"""Scripts are made of what their words allow, by modules that depend on each other one way."""

import ast
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tapecheck.lifecycle import author, scripts
from tapecheck.lifecycle.author import WORDS

SIGNS = {
    "arrays": r"reduce_sum",
    "batch_jacobian": r"\.batch_jacobian\(",
    "elementary": r"tf\.(sin|cos)",
    "exceptions": r"raise KeyError",
    "jacobian": r"\.jacobian\(",
    "looped": r"experimental_use_pfor=False",
    "memory": r"weakref\.ref",
    "misuse": r"refusal\(lambda: tape\d+\.watch\(",
    "output_gradients": r"output_gradients=",
    "overlap": r"__enter__\(\)\n",
    "persistent": r"persistent=True",
    "reset": r"\.reset\(\)",
    "stop_recording": r"\.stop_recording\(\)",
    "struct": r"\{'c': ",
    "threads": r"in_thread\(1",
    "unconnected_zero": r"unconnected_gradients=\"zero\"",
    "variables": r"tf\.Variable",
}
"""What shows in the text of a script that a word was used."""

IMPLIED = {"arrays": "batch_jacobian", "overlap": "threads"}
"""Words that bring along what another one allows."""

LAYERS = (
    "words",
    "draw",
    "formulas",
    "draft",
    "givens",
    "blocks",
    "lives",
    "computing",
    "containers",
    "questions",
    "refusals",
    "deleting",
    "moves",
    "strategy",
    "__init__",
)
"""Every module of the author after those that it may import."""


def drawn(words):
    """The texts of scripts that are made of these words."""
    texts = []

    @settings(
        database=None,
        deadline=None,
        derandomize=True,
        max_examples=40,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scripts(words, steps=24))
    def keep(script):
        texts.append(repr(script))

    keep()
    return "\n".join(texts)


@pytest.fixture(scope="module")
def everything():
    """Scripts of all words but those in the way of others: threads replace other calls."""
    return drawn(" ".join(sorted(set(WORDS) - {"threads"})))


@pytest.mark.parametrize("word", sorted(set(SIGNS) - {"threads"}))
def test_a_word_is_used_where_it_is_allowed(word, everything):
    assert re.search(SIGNS[word], everything)


@pytest.mark.parametrize("word", sorted(SIGNS))
def test_a_word_is_not_used_where_it_is_not_allowed(word):
    left_out = {word, IMPLIED.get(word)}
    assert not re.search(SIGNS[word], drawn(" ".join(sorted(set(WORDS) - left_out))))


def test_threads_take_turns_where_they_are_allowed():
    assert re.search(SIGNS["threads"], drawn("threads"))


def test_without_nesting_no_tape_begins_inside_another():
    with_nesting, without = drawn("nested"), drawn("")
    two_at_once = r"with tf\.GradientTape\(\) as \w+:\n(    .*\n)*    +with tf\.GradientTape"
    assert re.search(two_at_once, with_nesting)
    assert not re.search(two_at_once, without)


def test_modules_of_the_author_import_one_way():
    folder = Path(author.__file__).parent
    assert sorted(file.stem for file in folder.glob("*.py")) == sorted(LAYERS)
    for place, name in enumerate(LAYERS):
        tree = ast.parse((folder / (name + ".py")).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module.startswith(author.__name__):
                inside = node.module[len(author.__name__) + 1 :]
                imported = {inside} if inside else {one.name for one in node.names}
                assert imported <= set(LAYERS[:place]), "{} imports {}".format(name, imported)
