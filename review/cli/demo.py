"""`review demo`: the shipped review and the simulated example, built in a folder."""

from __future__ import annotations

from pathlib import Path

import click

from review.cli import output


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def demo(folder: Path) -> None:
    """Build the shipped review and the simulated example in FOLDER, without a network, and print their tables.

    Example: review demo /tmp/demo
    """
    from review.flows.demo import demo as build_demo

    build_demo(folder, show=output.text, say=output.say)
    output.say(f"Next: cd {folder / 'review'} && review status")
