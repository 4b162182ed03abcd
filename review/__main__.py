"""The `review` command, also as `python -m review`."""

import sys


def main() -> None:
    """The entry point; Ctrl-C is one line even while the program is still being loaded."""
    try:
        from review.cli import run

        code = run()
    except KeyboardInterrupt:
        from review.errors import ExitCode

        sys.stderr.write("\nreview: error: interrupted\n")
        code = ExitCode.INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
