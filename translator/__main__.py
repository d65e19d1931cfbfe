"""Runs the command line as ``python -m translator``."""

from translator.cli.main import main

if __name__ == "__main__":
    main()
