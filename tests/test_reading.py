"""Which names of the namespace a clause uses, as read from its code."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Set

import pytest

from tapecheck.reading import names_used

SNIPPETS = {
    "a chain of attributes is one name": ("tf.math.sin(tf.constant(1.0))", "math.sin constant"),
    "a module that only leads to a name is none": (
        "m = tf.math\nm.cos(1.0)",
        "math.cos",
    ),
    "an attribute that a text names is one": (
        "for name in ('sin', 'cos'):\n    getattr(tf, name)(1.0)",
        "sin cos",
    ),
    "what a tape offers belongs to the tape": (
        "with tf.GradientTape() as tape:\n    tape.watch(tf.constant(1.0))\ntape.reset()",
        "GradientTape GradientTape.watch GradientTape.reset constant",
    ),
    "an operator belongs to the operand of the namespace": (
        "x = tf.constant(1.0)\nx * 2.0\n2.0 / x\n-x\nx < 3.0\n4.0 > x",
        "constant Tensor.__mul__ Tensor.__rtruediv__ Tensor.__neg__ Tensor.__lt__",
    ),
    "variables are told from tensors": (
        "v = tf.Variable(1.0)\nv.assign_add(v * 2.0)",
        "Variable Variable.assign_add Variable.__mul__",
    ),
    "a program is entered with the arguments of run": (
        "def program(v, x):\n    return v * x\nrun(program, tf.Variable(1.0), tf.constant(1.0))",
        "Variable constant Variable.__mul__",
    ),
    "gradients have the structure of the sources": (
        "x = tf.constant(1.0)\n"
        "with tf.GradientTape() as tape:\n    pass\n"
        "a, [b] = tape.gradient(x, (x, [x]))\nb + 1.0",
        "constant GradientTape GradientTape.gradient Tensor.__add__",
    ),
    "arrays of NumPy are nothing of the namespace": ("y = np.ones(3) * 2.0\ny.shape", ""),
    "what NumPy reads is read": (
        "assert_close(tf.constant(1.0), 1.0)",
        "constant Tensor.__array__",
    ),
    "a custom gradient gives its first result": (
        "f = tf.custom_gradient(lambda x: (x, lambda upstream: upstream * 2.0))\n"
        "f(tf.constant(1.0)) ** 2",
        "custom_gradient constant Tensor.__mul__ Tensor.__pow__",
    ),
    "a method of a class of the clause is entered": (
        "class Model(tf.Module):\n"
        "    def __init__(self):\n        self.v = tf.Variable(1.0)\n"
        "    def __call__(self, x):\n        return x / self.v\n"
        "model = Model()\nmodel(tf.constant(1.0))\nmodel.trainable_variables",
        "Module Module.trainable_variables Variable constant Tensor.__truediv__",
    ),
    "a helper of the chapter is entered": ("helper(tf, tf.constant(1.0))", "constant square"),
    "both branches are taken": (
        "x = tf.constant(1.0)\ny = tf.sin(x) if x else tf.cos(x)",
        "constant sin cos Tensor.__bool__",
    ),
    "a function that nobody calls is called": ("work = lambda: tf.tan(1.0)", "tan"),
    "recursion ends": (
        "def power(x, n):\n    return x if n == 1 else x * power(x, n - 1)\n"
        "power(tf.constant(1.0), 3)",
        "constant Tensor.__mul__",
    ),
    "a row is a tensor": (
        "for row in tf.constant([1.0]):\n    row - 1.0",
        "constant Tensor.__iter__ Tensor.__sub__",
    ),
    "a loop hands its variables on": (
        "tf.while_loop(lambda i, a: i < 3, lambda i, a: (i, a.write(i, i)),"
        " (tf.constant(0), tf.TensorArray(1)))",
        "while_loop constant TensorArray TensorArray.write Tensor.__lt__",
    ),
}

CHAPTER = """
import numpy as np
from tapecheck import MUST, assert_close, clause

def helper(tf, x):
    return tf.square(x)

@clause(MUST, covers="PER-02")
def test_it(tf, run):
    'A sentence.'
{}
"""


@pytest.mark.parametrize(("code", "names"), SNIPPETS.values(), ids=list(SNIPPETS))
def test_names_are_read_out_of_code(tmp_path: Path, code: str, names: str) -> None:
    assert read(tmp_path, code) == set(names.split())


def read(folder: Path, code: str) -> Set[str]:
    path = folder / "chapter.py"
    path.write_text(CHAPTER.format(textwrap.indent(code, "    ")), encoding="utf-8")
    return set(names_used(path, "test_it"))
