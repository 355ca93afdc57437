"""`thoth-storages completion`: what lets a shell complete commands and options."""

from __future__ import annotations

import click

_PROGRAM = "thoth-storages"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that lets a shell complete commands and options.

    \b
    Example:
      eval "$(thoth-storages completion bash)"
      thoth-storages completion fish > ~/.config/fish/completions/thoth-storages.fish
    """
    from click.shell_completion import get_completion_class

    # The variable by which click tells a request for completions: https://click.palletsprojects.com/shell-completion/
    variable = f"_{_PROGRAM.replace('-', '_').upper()}_COMPLETE"
    of_shell = get_completion_class(shell)
    assert of_shell is not None
    click.echo(of_shell(context.find_root().command, {}, _PROGRAM, variable).source())
