"""``python -m repdiff`` is the command ``repdiff``."""

from __future__ import annotations

from repdiff.cli import main

if __name__ == "__main__":
    main()
