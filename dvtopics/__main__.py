"""``python -m dvtopics``: the command line."""

from dvtopics.cli.main import run

if __name__ == "__main__":
    run()
