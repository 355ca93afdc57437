"""The page with the tables, ``docs/benchmarks.rst``."""

from __future__ import annotations

from collections.abc import Sequence

from .measure import LIBRARY, Outcome
from .results import Facts, Result, Run
from .targets import duration, size

_HEAD = """\
Benchmarks
==========

.. This page is written by ``make bench``; change benchmarks/report.py instead.

What this library takes, beside the released ``thoth-storages==0.74.1`` from PyPI and beside the bare drivers, on the
same documents, in one run. Whatever is compared was measured in turn, round after round: ratios say more than times,
as the machine may have had other things to do.

"""
_LOAD = """\
*Load* is how many processes wanted to run when a run began; a group that was run alone stands in the place of what an
earlier run had measured of it. Where it is well above the number of cores, times on the wall are several times those
of a machine that has nothing else to do, and hands over between client and server cost the one that makes more of them
more: verdicts on times say little then, and those on ratios favour whoever does less.

Compare within a table: groups may have been measured at different times, and a virtual machine may take twice the time
at one of them, which *Load* does not tell, but the floor and the plain dict do.

"""
_BARE = """\
*Bare* is what the floor measures by the same target, or in its place what nobody can leave out, as to make the list
that is the answer: a target that this does not reach is out of reach for everybody who asks the same server by the same
driver.

"""
_GREW = """\
*Time grew* and *Answer grew* are how many times as much there is of each at the largest of the sizes as at the
smallest.

"""
_HOW = """\
How it is measured
------------------

``make bench`` makes everything that it needs in the folder ``.benchmarks``: an environment of the released version,
a PostgreSQL server that forces to disk what is committed, with PostgreSQL's own settings, and solver documents drawn
from a seed. ``make bench ARGS='--only lookups'`` runs one group in seconds, once the databases are there; ``--help``
names the groups and the other options. ``--scale 5`` and ``--scale 50`` make five and fifty times as many documents.

The documents are those of one environment, a package version each: the real packages of the project's sample data,
others made up after their pattern. A package has up to 60 versions, of which the newest six to eight are solved; a
requirement admits 14 versions in the median.

*This library* is called as a service calls it. The *floor* is what the bare driver takes for the same work on this
schema: for reading, the very statement, its rows fetched, and decoded where a closure comes as JSON; for writing,
documents prepared as rows, a statement a table, with nothing read, checked, retried or kept in order for other writers.
*Its statements alone* sends what the library sends, to the letter. *0.74.1* runs in a process of its own; its time is
taken there. It takes half a second to sync a document, so it is given few of them; for reading, its tables are filled
at once, and its answers compared with those of this library.

A document that is written one by one is one statement, the call of a function of the database, which commits what it
did; of the floor it is eight, between ``BEGIN`` and ``COMMIT``. The function does more inside: it looks whether the
document is in, keeps removals out, and finds ids by natural key without using up those of sequences, so that any number
of writers may do the same at once. What is on top of it is reading and checking the document, making JSON of it, and
SQLAlchemy. Two writers that send their statements alone gain what the server has to give: of documents about the same
packages that come in groups, the one waits until the other has committed what both name.

A cache file is *cold* when it was not open, and *asked again* by the object that answered before: what that keeps is
handed out. *Walked again* leaves that out, and tells what another closure takes whose packages were read before. Of the
tuples of a closure, no one who opens a file, reads its rows and makes the list can be as quick as half the dict, which
has both in memory.

What stays within the process (the caches, the import, the opening of a file) is told by its processor time, so that
whatever else the machine does is not in it; everything that asks the server by the clock on the wall. Times of single
calls are the median of a round. What is shown are medians over the rounds, with the first and the third quartile and
the least; a ratio is the median of those of each round, as a machine is quicker in one minute than in another, unless
one took part in fewer rounds. Before each work the processor is kept busy for a moment, as one that idled is slow to
begin with, and the corpus is out of the garbage collector's sight. *Peak* is what the process needed beyond what it had
before, at most, in any round (the client's; the server's memory is not in it).
"""
_MARKS = {True: "yes", False: "**no**", None: "–"}


def page(runs: Sequence[Run], picture: str, growth: str) -> str:
    """Return the page.

    Args:
        runs: one for each number of documents, the smallest first.
        picture: name of the file beside the page that shows the times of the first.
        growth: name of the file beside the page that shows how times grow.

    """
    parts = [_HEAD, _facts([run.facts for run in runs])]
    parts.append(f".. image:: {picture}\n   :alt: Times of the benchmarks, on a logarithmic scale\n   :width: 100%\n\n")
    parts.append(_heading("Targets", "-") + _targets(runs))
    for run in runs:
        parts.append(_heading(f"{run.facts.documents:,} documents", "-"))
        groups = dict.fromkeys(result.group for result in run.results)
        for group in groups:
            parts.extend(_measured(result) for result in run.results if result.group == group)
    if len(runs) > 1:
        parts.append(_heading("Growth", "-") + _growth(runs))
        parts.append(f".. image:: {growth}\n   :alt: Times of the library by documents\n   :width: 100%\n\n")
    parts.append(_HOW)
    return "".join(parts)


def _facts(facts: Sequence[Facts]) -> str:
    rows = [
        [
            f"{one.documents:,}",
            f"{one.packages:,}",
            f"{one.edges:,}",
            f"{one.requirements:,}",
            size(one.database_size) if one.database_size else "–",
            str(one.seed),
            f"{one.rounds}",
            f"{one.load:g}",
            one.date,
        ]
        for one in facts
    ]
    last = facts[-1]
    where = (
        f"{last.cpus} cores, {size(last.memory)} of memory, {last.system}; Python {last.python}, "
        f"PostgreSQL {last.postgresql}, SQLAlchemy {last.sqlalchemy}.\n\n"
    )
    head = ["Documents", "Packages", "Edges", "Requirements", "Database", "Seed", "Rounds", "Load", "Date"]
    return where + _table(head, rows) + _LOAD


def _targets(runs: Sequence[Run]) -> str:
    rows = [
        [
            result.title,
            f"{run.facts.documents:,}",
            verdict.text,
            verdict.measured,
            _MARKS[verdict.met],
            verdict.bare or "–",
        ]
        for run in runs
        for result in run.results
        for verdict in result.verdicts
    ]
    return _table(["Path", "Documents", "Target", "Measured", "Met", "Bare"], rows, [34, 9, 24, 14, 8, 11]) + _BARE


def _measured(result: Result) -> str:
    base = next((outcome for outcome in result.outcomes if outcome.label == LIBRARY), None)
    rows = [_row(outcome, base) for outcome in result.outcomes]
    head = [
        "",
        "Median",
        "Quartiles",
        "Least",
        "Times the library's",
        "Statements",
        f"Rows ({result.rows})",
        "Peak",
        "Note",
    ]
    return f"**{result.title}**\n\n" + _table(head, rows)


def _row(outcome: Outcome, base: Outcome | None) -> list[str]:
    first, third = outcome.quartiles
    return [
        outcome.label,
        duration(outcome.median),
        f"{duration(first)} to {duration(third)}" if len(outcome.seconds) > 1 else "one round",
        duration(outcome.least),
        "1" if base is outcome else f"{outcome.times(base):.3g}" if base else "–",
        "–" if outcome.statements is None else f"{outcome.statements:.3g}",
        "–" if outcome.rows is None else f"{outcome.rows:,}",
        "–" if outcome.peak is None else size(max(0, outcome.peak)),
        outcome.note or "–",
    ]


def _growth(runs: Sequence[Run]) -> str:
    """Return how the library's times grow with the number of documents, and how its answers do."""
    found: dict[str, dict[int, Outcome]] = {}
    for run in runs:
        for result in run.results:
            for outcome in result.outcomes:
                if outcome.label == LIBRARY:
                    found.setdefault(result.title, {})[run.facts.documents] = outcome
    counts = [run.facts.documents for run in runs]
    rows = []
    for title, of in found.items():
        if len(of) > 1:
            first, last = of[min(of)], of[max(of)]
            answer = f"{last.rows / first.rows:.3g}" if last.rows and first.rows else "–"
            times = [duration(of[count].median) if count in of else "–" for count in counts]
            rows.append([title, *times, f"{last.median / first.median:.3g}", answer])
    head = ["Path", *(f"{count:,} documents" for count in counts), "Time grew", "Answer grew"]
    return _table(head, rows) + _GREW


def _heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int] = ()) -> str:
    """Return a list-table, which needs no lines that fit."""
    lines = [".. list-table::", "   :header-rows: 1"]
    if widths:
        lines.append(f"   :widths: {' '.join(map(str, widths))}")
    lines.append("")
    for row in (head, *rows):
        for number, cell in enumerate(row):
            lines.append(f"   {'*' if number == 0 else ' '} - {cell}".rstrip())
    return "\n".join(lines) + "\n\n"
