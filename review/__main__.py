"""`python -m review` is the `review` command."""

from review.cli import main

if __name__ == "__main__":
    main()
