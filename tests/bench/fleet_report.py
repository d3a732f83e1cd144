# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chapters on fleets: what each tool costs a host, and how that grows with their number."""

from __future__ import annotations

import typing as t

from .figures import FLOOR, Bar, Row, find, ratio, to_floor, worst
from .fleet_tables import Table
from .ours import AUDIT, HEALTHY, LINES, NOTHING_TO_DO, second
from .plan import Plan
from .report import Section, mebibytes, table, times

MOST_TO_FLOOR = 1.2
MOST_TO_LINES = 0.6
MOST_GROWTH = 1.1
_HEADS = ("", "seconds", "runs", "ms a host", "x ping", "controller, MiB", "all of it, MiB")
_FRAME = """\
A home each, pipelining on, facts not gathered, Ansible and its targets on this one machine. The
client is a script that answers at once with what a real one was recorded to say. `seconds` is the
wall time of the whole command, the median of its runs, with the least and the most in brackets;
`x ping` compares it with a playbook of one `ansible.builtin.ping` on the same hosts in the same
rounds. Every run was checked: the hosts in the recap, and how many configs were other ones
afterwards. Memory is the most that the command's own process held, and what the whole machine held
beyond what it had before, workers and targets included.
"""
_OURS = """\
The cure of an affected host is a look, a trial, a second look at those of a later round, the change
and its proof, first on one host and then on the others; the pauses between two probes (5 s each as
shipped) are set to 0, for they are waiting and no work.

A healthy host is two tasks: the look, which is one module as ping is, and a second one that it
skips. The rows "of these" show what each of them costs by itself. The look is dearer than ping by
the client that it starts and by more program to bring, unpack and compile; the rest is the check of
the role's variables and of the answer, and what the controller does once: to read the role and to
pack the module.
"""
_SSH = """\
As many users of this machine, behind one SSH server on loopback; `ControlPersist` as Ansible has
it, so that a command finds the connections open that were used less than a minute ago. The first
run on a fleet, which is that of ping, opens them, and so does every run after one that has taken
longer than a minute: a fleet that is large enough for that pays for it at each run.
"""
_REAL = """\
Codex itself on every host, and for each host a service and a proxy on loopback, all of them on the
same cores; connection local. Most of it is what doctor itself takes.
"""


def section(tables: t.Sequence[Table]) -> Section:
    """Return the chapter of one connection."""
    connection = tables[0].connection
    title = f"Fleets, connection {connection}"
    if tables[0].left_out:
        return Section(title, f"Left out here: {tables[0].left_out}\n")
    texts = [_FRAME, _SSH if connection == "ssh" else "", _OURS]
    for one in tables:
        texts.append(f"### {one.hosts} hosts, forks {one.forks}\n")
        texts.append(table(_HEADS, [_cells(row, one) for row in one.rows]))
    texts.append(_growth(tables))
    failures = [
        f"{title}: {row.name}: {row.failure}" for one in tables for row in one.rows if row.failure
    ]
    return Section(title, "\n".join(filter(None, texts)), tuple(_bars(tables)), tuple(failures))


def real_section(rows: t.Sequence[Row], plan: Plan) -> Section:
    """Return the chapter on the real client; no bar is about what its doctor takes."""
    title = "The real client"
    of = Table("local", plan.hosts, plan.forks, tuple(rows))
    text = _REAL + "\n" + table(_HEADS, [_cells(row, of) for row in rows])
    failures = tuple(f"{title}: {row.name}: {row.failure}" for row in rows if row.failure)
    return Section(title, text, failures=failures)


def _cells(row: Row, of: Table) -> tuple[str, ...]:
    if row.median is None or row.per_host is None:
        why = f"failed: {row.failure[:200]}" if row.failure else row.left_out or "not measured"
        return (row.name, why, *("" for _head in _HEADS[2:]))
    spread = f" ({min(row.seconds):.2f}-{max(row.seconds):.2f})" if len(row.seconds) > 1 else ""
    return (
        row.name,
        f"{row.median:.2f}{spread}",
        str(len(row.seconds)),
        f"{row.per_host * 1000:.0f}",
        times(to_floor(row, of.rows)),
        mebibytes(row.main_peak),
        mebibytes(row.machine_peak),
    )


def _bars(tables: t.Sequence[Table]) -> t.Iterator[Bar]:
    connection = tables[0].connection
    for one in tables:
        where = f"{connection}, {one.hosts} hosts, forks {one.forks}"
        ours = [row for row in one.rows if row.name in NOTHING_TO_DO]
        lines = find(one.rows, second(LINES))
        yield Bar(
            f"{where}: nothing to do, x ping a host (slowest of {len(ours)} rows)",
            worst(to_floor(row, one.rows) for row in ours),
            MOST_TO_FLOOR,
        )
        if lines is not None:
            yield Bar(
                f"{where}: nothing to do, x lineinfile + blockinfile a host",
                worst(ratio(row, lines) for row in ours),
                MOST_TO_LINES,
            )
    for name, figure in _grown(tables):
        yield Bar(f"{connection}: {name}, time a host", figure, MOST_GROWTH)


def _grown(tables: t.Sequence[Table]) -> t.Iterator[tuple[str, float | None]]:
    """Yield what a host costs in the largest fleet, as a multiple of that in the one before."""
    same = [one for one in tables if one.forks == tables[0].forks]
    if len(same) < 3:
        return
    before, most = same[-2:]
    for name in (AUDIT, HEALTHY):
        large, small = find(most.rows, name), find(before.rows, name)
        if large is None or small is None:
            continue
        grown = ratio(large, small)
        yield f"{name}, from {before.hosts} to {most.hosts} hosts", grown


def _growth(tables: t.Sequence[Table]) -> str:
    same = [one for one in tables if one.forks == tables[0].forks]
    if len(same) < 2:
        return ""
    names = (FLOOR, AUDIT, HEALTHY, second(LINES))
    heads = ("ms a host", *(f"{one.hosts} hosts" for one in same))
    rows = []
    for name in names:
        found = [find(one.rows, name) for one in same]
        costs = [row.per_host if row else None for row in found]
        rows.append((name, *("" if cost is None else f"{cost * 1000:.0f}" for cost in costs)))
    return f"### How it grows, forks {tables[0].forks}\n\n" + table(heads, rows)
