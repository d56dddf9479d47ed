"""One-to-one assignment, exact and unambiguous: several integer weights in order of importance, then the ids.

`scipy.optimize.linear_sum_assignment` finds one optimal assignment; often many are equally good, and which of them it
returns is not specified. This module specifies it: by the linear-programming duals of an optimal assignment, the pairs
without slack are those that some optimal assignment has; the next weight chooses among these, and remaining ties go to
the smallest ids. Duals are integers, so each step is exact and verifies the one before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_FORBIDDEN = -(1 << 60)
_EXACT = 1 << 53
"""float64, in which scipy calculates, holds every integer up to here."""


@dataclass(frozen=True)
class Face:
    """All optimal assignments, described by one of them and by the pairs that occur in any of them.

    Attributes:
        allowed: R x C, the pairs that some optimal assignment has.
        required: R, the rows that have a column in every optimal assignment.
        row_of: C, the row of each column in one optimal assignment.
    """

    allowed: Bools
    required: Bools
    row_of: Ints

    @property
    def column_of(self) -> Ints:
        """R, the column of each row in the same assignment, or -1."""
        columns = np.full(len(self.required), -1)
        columns[self.row_of] = np.arange(len(self.row_of))
        return columns

    def open_rows(self) -> Bools:
        """R, the rows whose column (or lack of one) differs between optimal assignments."""
        num_rows, column_of = len(self.required), self.column_of
        component = _components(self.allowed, self.required, column_of, self.row_of)
        exchangeable = self.allowed & (component[:num_rows, None] == component[self.row_of])
        exchangeable[self.row_of, np.arange(len(self.row_of))] = False
        can_lose = (column_of >= 0) & ~self.required & (component[:num_rows] == component[num_rows])
        return exchangeable.any(axis=1) | can_lose


def optimise(weight: Ints, face: Face | None = None) -> Face:
    """The one-to-one assignments of rows to columns with the greatest sum, every column taken.

    Args:
        weight: R x C integers >= 0, R >= C.
        face: the assignments to choose from; all if None.

    Raises:
        OverflowError: weights too large to be added exactly in float64 (beyond 10^12 pixels a class).
    """
    num_rows, num_columns = weight.shape
    if face is None:
        face = Face(np.ones(weight.shape, np.bool_), np.zeros(num_rows, np.bool_), np.arange(num_columns))
    # Greater than any difference in this weight, so that rows required by earlier weights stay assigned.
    bonus = int(weight.max(axis=0).sum()) + 1
    if (num_columns + 1) * bonus >= _EXACT:
        raise OverflowError(f"weights that sum to {bonus:,} cannot be assigned exactly.")
    total = weight + bonus * face.required[:, None]
    row_of = _best(total, face.allowed)
    allowed, required = _optimal_face(np.where(face.allowed, total, _FORBIDDEN), row_of)
    return Face(allowed, required, row_of)


def _best(weight: Ints, allowed: Bools) -> Ints:
    """The row of each column in one assignment with the greatest weight."""
    columns, rows = linear_sum_assignment(np.where(allowed, -weight.astype(np.float64), np.inf).T)
    row_of = np.empty(weight.shape[1], np.int64)
    row_of[columns] = rows
    return row_of


def _optimal_face(weight: Ints, row_of: Ints) -> tuple[Bools, Bools]:
    """The pairs that occur in optimal assignments (R x C), and the rows that all of them assign (R).

    Duals: a price v for each column and a profit u >= 0 for each row with u + v >= weight everywhere, and equality
    along the assignment; a row with profit is in every best assignment, a pair with slack in none.
    """
    num_rows, num_columns = weight.shape
    taken = weight[row_of]  # column -> the weights of its row
    assigned = taken[np.arange(num_columns), np.arange(num_columns)]
    steps = taken - assigned[:, None]
    unassigned = np.ones(num_rows, np.bool_)
    unassigned[row_of] = False
    prices = weight[unassigned].max(axis=0) if unassigned.any() else np.zeros(num_columns, np.int64)
    # Longest paths between columns: they take at most one round per column, unless the assignment can be improved.
    for _ in range(num_columns + 1):
        raised = np.maximum(prices, (prices[:, None] + steps).max(axis=0))
        if np.array_equal(raised, prices):
            break
        prices = raised
    profits = np.zeros(num_rows, np.int64)
    profits[row_of] = assigned - prices
    if not np.array_equal(raised, prices) or (unassigned.any() and (profits < 0).any()):
        raise ArithmeticError("the assignment is not the best one; please report this.")
    tight = (weight == profits[:, None] + prices) & (weight > _FORBIDDEN)
    return tight, (profits > 0 if unassigned.any() else np.ones(num_rows, np.bool_))


def smallest_ids(face: Face) -> Ints:
    """The assignment of a face whose rows have the smallest columns, decided row by row: R columns, -1 for none."""
    column_of, row_of = face.column_of, face.row_of.copy()
    required = face.required
    num_rows, num_columns = face.allowed.shape
    component = _components(face.allowed, required, column_of, row_of)
    # Only a cycle of moves brings a row and a column together.
    allowed = face.allowed & (component[:num_rows, None] == component[row_of])
    taken = np.zeros(num_columns, np.bool_)
    for row in range(num_rows):
        current = int(column_of[row])
        better = np.flatnonzero(allowed[row] & ~taken)
        if current >= 0:
            better = better[better < current]
        if len(better):
            for who, where in _chain(allowed, required, column_of, row_of, row, better):
                column_of[who] = where
                if where >= 0:
                    row_of[where] = who
        if column_of[row] >= 0:
            taken[column_of[row]] = True
    return column_of


def _components(allowed: Bools, required: Bools, column_of: Ints, row_of: Ints) -> Ints:
    """R + 1: the number of each row's strongly connected component in the graph of rows that may replace each other.

    The node after the rows stands for "no column": a row that moves there frees its column for an unassigned row.
    """
    num_rows = len(column_of)
    movers, columns = np.nonzero(allowed)
    unassigned, optional = np.flatnonzero(column_of < 0), np.flatnonzero(~required)
    sources = np.concatenate([movers, optional, np.full(len(unassigned), num_rows)])
    targets = np.concatenate([row_of[columns], np.full(len(optional), num_rows), unassigned])
    graph = sparse.coo_matrix((np.ones(len(sources), np.int8), (sources, targets)), (num_rows + 1, num_rows + 1))
    return connected_components(graph.tocsr(), connection="strong")[1]


def _chain(
    allowed: Bools, required: Bools, column_of: Ints, row_of: Ints, row: int, better: Ints
) -> list[tuple[int, int]]:
    """The moves that give `row` the smallest of the better columns that it can have; none if there is none.

    Each row takes the column of the one it follows, the last one the old column of `row`.
    """
    current = int(column_of[row])
    owner = int(row_of[better[0]])
    if allowed[owner, current] if current >= 0 else not required[owner]:
        return [(row, int(better[0])), (owner, current)]  # two exchange columns: by far the most frequent case
    follows = _who_can_follow(allowed, required, column_of, row)
    for column in better.tolist():
        mover = int(row_of[column])
        if follows[mover] >= 0:
            moves = [(row, column)]
            while mover != row:
                moves.append((mover, int(column_of[follows[mover]])))
                mover = int(follows[mover])
            return moves
    return []


def _who_can_follow(allowed: Bools, required: Bools, column_of: Ints, row: int) -> Ints:
    """For every row the next one on a chain of moves that ends in the column of `row`; -1 where there is no chain.

    Only rows after `row` may move; a row may lose its column where no weight requires it.
    """
    follows = np.full(len(column_of), -1)
    waiting = np.arange(row + 1, len(column_of))  # rows not reached yet
    follows[row] = row
    reached = np.array([row])
    emptied = False
    while len(reached) and len(waiting):
        columns = column_of[reached]
        owners, columns = reached[columns >= 0], columns[columns >= 0]
        can_move = allowed[waiting[:, None], columns]
        movable = can_move.any(axis=1)
        if len(columns):
            follows[waiting[movable]] = owners[can_move[movable].argmax(axis=1)]
        if len(columns) < len(reached) and not emptied:
            emptied = True
            free = ~movable & ~required[waiting]
            follows[waiting[free]] = reached[column_of[reached] < 0][0]
            movable |= free
        reached, waiting = waiting[movable], waiting[~movable]
    return follows
