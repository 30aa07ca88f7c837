"""Derivatives of every order of elementary functions, by recurrences.

The recurrences follow from the differential equation of each function: where y' is a polynomial of
y, so is every derivative; the derivatives of a power are powers; those of exp(-x**2) are it times
polynomials (Hermite), and those of powers of 1 + x**2 are such powers times polynomials.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List

import numpy as np
from numpy.polynomial import Polynomial

Derivatives = Callable[[Any, int], List[Any]]
"""From points, an array, and n to the function and its derivatives of the orders 1 to n there."""


def power(exponent: float) -> Derivatives:
    """x ** exponent; for x > 0 unless the exponent is a natural number."""

    def derivatives(x: Any, order: int) -> List[Any]:
        found, factor = [], 1.0
        for k in range(order + 1):
            found.append(factor * x ** (exponent - k) if factor else np.zeros_like(x))
            factor *= exponent - k
        return found

    return derivatives


def _exponential(x: Any, order: int) -> List[Any]:
    return [np.exp(x)] * (order + 1)


def _cyclic(*functions: Callable[[Any], Any]) -> Derivatives:
    """Functions each of which is the derivative of the one before, the first of the last."""
    return lambda x, order: [functions[k % len(functions)](x) for k in range(order + 1)]


def _autonomous(function: Callable[[Any], Any], *coefficients: float) -> Derivatives:
    """A function y with y' = P(y), a polynomial with these coefficients, lowest first."""
    right = Polynomial(coefficients)

    def derivatives(x: Any, order: int) -> List[Any]:
        y = function(x)
        found, polynomial = [y], right
        for _ in range(order):
            found.append(polynomial(y))
            polynomial = polynomial.deriv() * right
        return found

    return derivatives


def _integral_of(function: Callable[[Any], Any], derivative: Derivatives) -> Derivatives:
    """A function whose derivative is known."""

    def derivatives(x: Any, order: int) -> List[Any]:
        return [function(x)] + (derivative(x, order - 1) if order else [])

    return derivatives


def _shifted(inner: Derivatives, shift: float) -> Derivatives:
    return lambda x, order: inner(x + shift, order)


def _offset(inner: Derivatives, function: Callable[[Any], Any]) -> Derivatives:
    """`inner` plus a constant, whose own value is computed by `function`."""
    return lambda x, order: [function(x), *inner(x, order)[1:]]


def _quadratic_power(exponent: float, sign: float = 1.0, offset: float = 1.0) -> Derivatives:
    """(offset + sign * x**2) ** exponent."""

    def derivatives(x: Any, order: int) -> List[Any]:
        base, polynomial, found = Polynomial((offset, 0.0, sign)), Polynomial((1.0,)), []
        for k in range(order + 1):
            found.append(polynomial(x) * base(x) ** (exponent - k))
            slope = Polynomial((0.0, 2.0 * sign * (exponent - k)))
            polynomial = polynomial.deriv() * base + polynomial * slope
        return found

    return derivatives


def _bell(factor: float) -> Derivatives:
    """factor * exp(-x**2)."""

    def derivatives(x: Any, order: int) -> List[Any]:
        polynomial, found = Polynomial((factor,)), []
        for _ in range(order + 1):
            found.append(polynomial(x) * np.exp(-x * x))
            polynomial = polynomial.deriv() - polynomial * Polynomial((0.0, 2.0))
        return found

    return derivatives


def _piecewise(left: float, right: float) -> Derivatives:
    """left * x below zero, right * x above; without a derivative at zero."""

    def derivatives(x: Any, order: int) -> List[Any]:
        slope = np.where(x > 0, right, left)
        return [slope * x, slope][: order + 1] + [np.zeros_like(x)] * (order - 1)

    return derivatives


def _above_zero(above: Derivatives, below: Derivatives) -> Derivatives:
    """One function above zero, another one below."""

    def derivatives(x: Any, order: int) -> List[Any]:
        with np.errstate(all="ignore"):
            both = zip(above(x, order), below(x, order))
            return [np.where(x > 0, one, other) for one, other in both]

    return derivatives


def _sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


def _falling(x: Any, order: int) -> List[Any]:
    """1 / (1 + exp(x))."""
    return [one * (-1.0) ** k for k, one in enumerate(_logistic(-x, order))]


_erf: Callable[[Any], Any] = np.vectorize(math.erf, otypes=[float])
_logistic = _autonomous(_sigmoid, 0.0, 1.0, -1.0)
_linear = _piecewise(1.0, 1.0)

ELEMENTARY: Dict[str, Derivatives] = {
    "abs": _piecewise(-1.0, 1.0),
    "acosh": _integral_of(np.arccosh, _quadratic_power(-0.5, offset=-1.0)),
    "asinh": _integral_of(np.arcsinh, _quadratic_power(-0.5)),
    "atan": _integral_of(np.arctan, _quadratic_power(-1.0)),
    "asin": _integral_of(np.arcsin, _quadratic_power(-0.5, -1.0)),
    "atanh": _integral_of(np.arctanh, _quadratic_power(-1.0, -1.0)),
    "cos": _cyclic(np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin),
    "cosh": _cyclic(np.cosh, np.sinh),
    "elu": _above_zero(_linear, _offset(_exponential, np.expm1)),
    "erf": _integral_of(_erf, _bell(2.0 / math.sqrt(math.pi))),
    "exp": _exponential,
    "expm1": _offset(_exponential, np.expm1),
    "leaky_relu": _piecewise(0.25, 1.0),
    "log": _integral_of(np.log, power(-1.0)),
    "log_sigmoid": _integral_of(lambda x: -np.log1p(np.exp(-x)), _falling),
    "log1p": _integral_of(np.log1p, _shifted(power(-1.0), 1.0)),
    "reciprocal": power(-1.0),
    "relu": _piecewise(0.0, 1.0),
    "rsqrt": power(-0.5),
    "sigmoid": _logistic,
    "sin": _cyclic(np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)),
    "sinh": _cyclic(np.sinh, np.cosh),
    "softplus": _integral_of(lambda x: np.log1p(np.exp(x)), _logistic),
    "sqrt": power(0.5),
    "square": power(2.0),
    "tan": _autonomous(np.tan, 1.0, 0.0, 1.0),
    "tanh": _autonomous(np.tanh, 1.0, 0.0, -1.0),
}
"""Functions of one real number by name, each where it is smooth."""
