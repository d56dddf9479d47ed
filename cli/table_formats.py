"""Tables for papers and pages: the same header and rows as CSV, Markdown or LaTeX.

A cell is text or a number, formatted or not; columns of numbers are aligned to the right. `output.table` is the
table of a terminal.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Sequence

Rows = Sequence[Sequence[object]]
_ADDRESS = re.compile(r"(https?://[^\s\\{}]+[^\s\\{}.,;:)])")
_NUMBER = re.compile(r"[+-]?\d[\d.,]*(e[+-]?\d+)?|–")
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{char: f"\\{char}" for char in "&%$#_{}"},
}


def csv_table(header: Sequence[str], rows: Rows) -> str:
    """Lines that end in a newline each, but for the last."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return file.getvalue().rstrip("\n")


def markdown_table(header: Sequence[str], rows: Rows, bold: Collection[tuple[int, int]] = ()) -> str:
    """A table as GitHub renders it; `bold` are the cells (row, column) in bold."""
    ends = ["---:" if number else "---" for number in _numeric(header, rows)]
    lines = [[_markdown_text(cell) for cell in line] for line in (header, *rows)]
    for i, j in bold:
        lines[i + 1][j] = f"**{lines[i + 1][j]}**"
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], ends, *lines[1:]])


def latex_table(
    header: Sequence[str],
    rows: Rows,
    caption: str = "",
    notes: Sequence[str] = (),
    rules: Collection[int] = (),
    bold: Collection[tuple[int, int]] = (),
    underlined: Collection[tuple[int, int]] = (),
) -> str:
    r"""A `table` environment for the packages booktabs and url, which a comment above it names.

    Args:
        header: a name a column.
        rows: the cells, plain text: what LaTeX would obey is escaped.
        caption: above the table; none if empty.
        notes: paragraphs below the table, plain text; addresses become `\url`.
        rules: the numbers of rows, from 0, above which there is a line.
        bold: the cells (row, column) in bold.
        underlined: the cells that are underlined.
    """
    columns = "".join("r" if number else "l" for number in _numeric(header, rows))
    lines = ["% \\usepackage{booktabs,url}", "\\begin{table}", "\\centering\\footnotesize\\setlength{\\tabcolsep}{3pt}"]
    lines += [f"\\caption{{{latex_text(caption)}}}"] if caption else []
    lines += [f"\\begin{{tabular}}{{{columns}}}", "\\toprule", _latex_row([latex_text(name) for name in header])]
    lines.append("\\midrule")
    for i, row in enumerate(rows):
        cells = [latex_text(cell) for cell in row]
        cells = [f"\\textbf{{{cell}}}" if (i, j) in bold else cell for j, cell in enumerate(cells)]
        cells = [f"\\underline{{{cell}}}" if (i, j) in underlined else cell for j, cell in enumerate(cells)]
        lines += ["\\midrule"] * (i in rules) + [_latex_row(cells)]
    lines += ["\\bottomrule", "\\end{tabular}"]
    if notes:
        lines += ["\\par\\medskip", "\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright"]
        lines += [f"{_latex_note(note)}\\par" for note in notes]
        lines.append("\\end{minipage}")
    return "\n".join([*lines, "\\end{table}"])


def latex_text(text: object) -> str:
    """Plain text for LaTeX.

    Examples:
        >>> latex_text("PASS_s, 50 %")
        'PASS\\\\_s, 50 \\\\%'
    """
    return "".join(_LATEX.get(char, " " if char.isspace() else char) for char in str(text))


def _latex_row(cells: Sequence[str]) -> str:
    row = " & ".join(cells)
    # `\\` of the row above would take these as its own.
    return ("{}" if row.startswith(("[", "*")) else "") + row + r" \\"


def _latex_note(note: str) -> str:
    parts = _ADDRESS.split(note)
    return "".join(f"\\url{{{part}}}" if i % 2 else latex_text(part) for i, part in enumerate(parts))


def _markdown_text(cell: object) -> str:
    return re.sub(r"([\\`*_<|\[\]])", r"\\\1", " ".join(str(cell).split()))


def _numeric(header: Sequence[str], rows: Rows) -> list[bool]:
    columns = [[str(row[i]) for row in rows if row[i] != ""] for i in range(len(header))]
    return [bool(column) and all(map(_NUMBER.fullmatch, column)) for column in columns]
