"""Run the standard on releases of TensorFlow, one after another, and publish the results.

For each release tox makes its environment, runs the standard in it and is done with it: the
environment is removed before the next is made, so that one at a time lies on the disk. With
``--cold`` the packages are not taken from a cache either, nor kept in one.

    python tools/measure_releases.py                       all releases and the nightly build
    python tools/measure_releases.py tf2.15 tf2.16         these
    python tools/measure_releases.py --reports measured    with the result files there

It needs tox with tox-uv, and the Pythons that tox.ini names on PATH.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tapecheck.errors import DataError
from tapecheck.results import read

ROOT = Path(__file__).resolve().parent.parent
RELEASES = [*("tf2.{}".format(minor) for minor in range(22)), "tf-nightly"]


def measure(environment: str, reports: Path, cold: bool) -> int:
    """Run the standard in one environment of tox and publish the result; how the run ended.

    Raises:
        subprocess.CalledProcessError: the environment cannot be made.
        tapecheck.errors.DataError: the run left no result file, or an incomplete one.
    """
    with tempfile.TemporaryDirectory(prefix="tapecheck-") as scratch:
        folder = Path(scratch)
        variables = {**os.environ, "UV_CACHE_DIR": str(folder / "cache")} if cold else os.environ
        tox = [sys.executable, "-m", "tox", "--workdir", str(folder / "tox"), "-q"]
        began = time.monotonic()
        subprocess.run([*tox, "-e", environment, "--notest"], cwd=ROOT, env=variables, check=True)
        made = time.monotonic()
        size = megabytes(folder)
        ended = subprocess.run(
            [*tox, "-e", environment, "--", "--younger", "--out", str(folder / "run")],
            cwd=ROOT,
            env=variables,
            check=False,
        ).returncode
        ran = time.monotonic()
        publish(folder / "run" / "results.jsonl", reports)
        print(
            "{}: environment {:.0f} s, {:.0f} MB, run {:.0f} s".format(
                environment, made - began, size, ran - made
            ),
            flush=True,
        )
    return ended


def publish(results: Path, reports: Path) -> None:
    """Copy a result file that is complete, under the name of what it is about.

    Raises:
        tapecheck.errors.DataError: it is missing, incomplete, or no result file.
    """
    run = read(results)
    if not run.complete:
        raise DataError(results, None, "the run is incomplete")
    version = str(run.header["version"])
    release = "nightly" if "dev" in version else version
    reports.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(results, reports / "{}-{}.jsonl".format(run.header["backend"], release))


def megabytes(folder: Path) -> float:
    """What lies below a folder and is linked to from nowhere else, and what is linked but once."""
    files = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            status = path.stat()
            files[status.st_ino] = status.st_blocks * 512
    return sum(files.values()) / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("environments", nargs="*", metavar="ENVIRONMENT", default=RELEASES)
    parser.add_argument("--reports", type=Path, default=ROOT / "reports", metavar="DIR")
    parser.add_argument("--cold", action="store_true", help="neither use nor keep a cache")
    asked = parser.parse_args()
    unknown = [
        name for name in asked.environments if not re.fullmatch(r"tf(2\.\d+|-nightly)", name)
    ]
    if unknown:
        parser.error("no release of TensorFlow: {}".format(", ".join(unknown)))
    failed = []
    for name in asked.environments:
        try:
            if measure(name, asked.reports, asked.cold):
                failed.append(name)
        except (subprocess.CalledProcessError, DataError) as error:
            print("{}: {}".format(name, error), file=sys.stderr, flush=True)
            failed.append(name)
    print("failed: " + ", ".join(failed) if failed else "all conform")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
