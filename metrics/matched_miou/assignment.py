"""One-to-one assignment, exact and unambiguous: several integer weights in order of importance, then the ids.

`scipy.optimize.linear_sum_assignment` finds one best assignment; often many are equally good, and which one it returns
is its own affair. Here the choice is narrowed: linear-programming duals of the best assignment say which pairs can be
part of any best assignment (those without slack), the next weight chooses among these only, and what is left
open goes to the smallest ids. Duals are integers, so each step is exact and checks the one before.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def assign(weights: Sequence[Ints]) -> Ints:
    """The best one-to-one assignment of rows to columns, every column taken.

    Best means: the greatest sum of `weights[0]`; among these the greatest sum of `weights[1]`, and so on; among the
    rest, the first row has the smallest possible column, then the second row, ... (no column comes last).

    Args:
        weights: R x C matrices of integers >= 0, R >= C.

    Returns:
        For each row its column, or -1.

    Raises:
        OverflowError: weights too large to be added exactly in float64 (beyond 10^12 pixels a class).

    Example:
        >>> assign([np.array([[1, 1], [1, 1], [1, 0]])])
        array([ 0,  1, -1])
    """
    num_rows, num_columns = weights[0].shape
    allowed = np.ones((num_rows, num_columns), np.bool_)
    needed = np.zeros(num_rows, np.bool_)
    owners = np.arange(num_columns)
    for weight in weights:
        # Worth more than any difference in this weight, so that rows the earlier weights need stay assigned.
        bonus = int(weight.max(axis=0).sum()) + 1
        if (num_columns + 1) * bonus >= _EXACT:
            raise OverflowError(f"weights that sum to {bonus:,} cannot be assigned exactly.")
        total = weight + bonus * needed[:, None]
        owners = _best(total, allowed)
        allowed, needed = _optimal_face(np.where(allowed, total, _FORBIDDEN), owners)
    return _smallest_ids(allowed, needed, owners)


def _best(weight: Ints, allowed: Bools) -> Ints:
    """The row of each column in one assignment of the greatest weight."""
    columns, rows = linear_sum_assignment(np.where(allowed, -weight.astype(np.float64), np.inf).T)
    owners = np.empty(weight.shape[1], np.int64)
    owners[columns] = rows
    return owners


def _optimal_face(weight: Ints, owners: Ints) -> tuple[Bools, Bools]:
    """Which pairs, and which rows at all costs, the best assignments are made of.

    Duals: a price v for each column and a profit u >= 0 for each row with u + v >= weight everywhere, and equality
    along the assignment; a row with profit is in every best assignment, a pair with slack in none.
    """
    num_rows, num_columns = weight.shape
    taken = weight[owners]  # column -> the weights of its row
    own = taken[np.arange(num_columns), np.arange(num_columns)]
    steps = taken - own[:, None]
    idle = np.ones(num_rows, np.bool_)
    idle[owners] = False
    prices = weight[idle].max(axis=0) if idle.any() else np.zeros(num_columns, np.int64)
    # The longest paths between columns: at most one round a column, or the assignment could have been improved.
    for _ in range(num_columns + 1):
        raised = np.maximum(prices, (prices[:, None] + steps).max(axis=0))
        if np.array_equal(raised, prices):
            break
        prices = raised
    profits = np.zeros(num_rows, np.int64)
    profits[owners] = own - prices
    if not np.array_equal(raised, prices) or (idle.any() and (profits < 0).any()):
        raise ArithmeticError("the assignment is not the best one; please report this.")
    tight = (weight == profits[:, None] + prices) & (weight > _FORBIDDEN)
    return tight, (profits > 0 if idle.any() else np.ones(num_rows, np.bool_))


def _smallest_ids(allowed: Bools, needed: Bools, owners: Ints) -> Ints:
    """Among the assignments made of allowed pairs, the one whose rows have the smallest columns, first rows first."""
    num_rows, num_columns = allowed.shape
    place = np.full(num_rows, -1)
    place[owners] = np.arange(num_columns)
    owners = owners.copy()
    allowed = allowed & _exchangeable(allowed, needed, place, owners)
    taken = np.zeros(num_columns, np.bool_)
    for row in range(num_rows):
        now = int(place[row])
        better = np.flatnonzero(allowed[row] & ~taken)
        if now >= 0:
            better = better[better < now]
        if len(better):
            for who, where in _chain(allowed, needed, place, owners, row, better):
                place[who] = where
                if where >= 0:
                    owners[where] = who
        if place[row] >= 0:
            taken[place[row]] = True
    return place


def _exchangeable(allowed: Bools, needed: Bools, place: Ints, owners: Ints) -> Bools:
    """For each row and column: do they belong to one circle of moves? If not, no change brings them together."""
    num_rows = len(place)
    movers, columns = np.nonzero(allowed)
    idle, dispensable = np.flatnonzero(place < 0), np.flatnonzero(~needed)
    # The node after the rows stands for "no column": whoever moves there pushes an idle row out, into a column.
    sources = np.concatenate([movers, dispensable, np.full(len(idle), num_rows)])
    targets = np.concatenate([owners[columns], np.full(len(dispensable), num_rows), idle])
    graph = sparse.coo_matrix((np.ones(len(sources), np.int8), (sources, targets)), (num_rows + 1, num_rows + 1))
    _, circle = connected_components(graph.tocsr(), connection="strong")
    return circle[:num_rows, None] == circle[owners]


def _chain(allowed: Bools, needed: Bools, place: Ints, owners: Ints, row: int, better: Ints) -> list[tuple[int, int]]:
    """The moves that bring `row` into the smallest of the better columns that it can get; none if it can get none.

    Each mover takes the place of the one it follows, the last one the old place of `row`.
    """
    now = int(place[row])
    owner = int(owners[better[0]])
    if allowed[owner, now] if now >= 0 else not needed[owner]:
        return [(row, int(better[0])), (owner, now)]  # two change places: by far the most frequent case
    follows = _who_can_follow(allowed, needed, place, row)
    for column in better.tolist():
        mover = int(owners[column])
        if follows[mover] >= 0:
            moves = [(row, column)]
            while mover != row:
                moves.append((mover, int(place[follows[mover]])))
                mover = int(follows[mover])
            return moves
    return []


def _who_can_follow(allowed: Bools, needed: Bools, place: Ints, row: int) -> Ints:
    """For every row the next one on a chain of moves that ends in `row`'s place; -1 where there is no chain.

    Only rows after `row` may move; a row may go without a column where none of the weights needs it.
    """
    follows = np.full(len(place), -1)
    later = np.arange(len(place)) > row
    follows[row] = row
    waiting = [row]
    emptied = False
    while waiting:
        target = waiting.pop()
        column = place[target]
        if column >= 0:
            movers = allowed[:, column] & later & (follows < 0)
        elif emptied:
            continue
        else:
            emptied = True
            movers = ~needed & later & (follows < 0)
        found = np.flatnonzero(movers)
        follows[found] = target
        waiting.extend(found.tolist())
    return follows
