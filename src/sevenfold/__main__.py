"""`python -m sevenfold`: the command line."""

from sevenfold.cli.main import run

if __name__ == "__main__":
    run()
