"""`thoth-storages doctor`: whether a deployment has what it needs."""

from __future__ import annotations

import dataclasses
import json

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def doctor(as_json: bool) -> None:
    """Look at everything that a deployment needs, and print what was found and what to do.

    Settings; the database, its server, encoding, extensions, role, connections, schema, bloat and indexes; the object
    store; the graph cache file. Nothing is written. Statistics of a server are about the time since they were reset.

    The exit status is 1 when there is an error; warnings alone are 0.

    \b
    Example:
      thoth-storages doctor
      thoth-storages doctor --json
    """
    from ..doctor import Status, examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            click.echo(f"{finding.status:8} {finding.check:16} {_line(finding.found)}")
            if finding.advice:
                click.echo(f"{'':25} -> {_line(finding.advice)}")
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    if any(finding.status is Status.ERROR for finding in findings):
        raise SystemExit(1)


def _line(text: str) -> str:
    return " ".join(text.split())
