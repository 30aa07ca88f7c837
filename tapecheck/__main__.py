"""``python -m tapecheck`` is ``tapecheck``."""

from tapecheck.cli import main

if __name__ == "__main__":
    main(prog_name="tapecheck")
