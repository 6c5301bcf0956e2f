"""Rows in; out a table as wide as the terminal, or for a program one line each with tabs between.

At a terminal a column may give way: what does not fit is left out (`wide`) or shortened (`gives`), never
broken into pieces. A program gets every cell whole, without tabs or line ends of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE_COLUMNS = 110
GAP, LEAST = 2, 4
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Args:
        short: what a person is shown of a cell.
        gives: shortened where the terminal is narrow.
        wide: only at a wide terminal.
    """

    title: str
    short: Callable[[str], str] = str
    gives: bool = False
    wide: bool = False


def show(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    *,
    nothing: str = "",
    console: Console | None = None,
) -> None:
    """Print the rows; a person is told `nothing` where there are none, a program gets no line."""
    console = console or Console(highlight=False)
    whole = [[cell.translate(_ESCAPED) for cell in row] for row in rows]
    if not console.is_terminal:
        for row in whole:
            console.file.write("\t".join(row) + "\n")  # `print` would turn tabs into blanks
        return
    if not whole:
        console.print(nothing)
        return
    kept = [n for n, column in enumerate(columns) if not column.wide or console.width >= WIDE_COLUMNS]
    cells = [[columns[number].short(row[number]) for number in kept] for row in whole]
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False)
    for column, width in zip(kept, _widths([columns[n] for n in kept], cells, console.width), strict=True):
        table.add_column(columns[column].title, no_wrap=True, overflow="ellipsis", width=width)
    for line in cells:
        table.add_row(*map(Text, line))  # as `Text`: what a device sent must not be taken for markup
    console.print(table)


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], room: int) -> list[int]:
    """Each as wide as its widest cell; those that give share what the others leave."""
    widths = [
        max(cell_len(column.title), *(cell_len(line[n]) for line in cells))
        for n, column in enumerate(columns)
    ]
    left = room - GAP * len(columns) - sum(w for w, c in zip(widths, columns, strict=True) if not c.gives)
    giving = sorted((width, n) for n, width in enumerate(widths) if columns[n].gives)
    for taken, (width, n) in enumerate(giving):
        widths[n] = max(LEAST, min(width, left // (len(giving) - taken)))
        left -= widths[n]
    return widths
