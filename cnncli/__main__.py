"""Lets `python -m cnncli` do what `cnncli` does."""

from cnncli.cli import main

if __name__ == "__main__":
    main()
