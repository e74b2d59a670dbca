"""The page of a search: its course, which keys mattered, and its trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnncli.report.page.charts import HEIGHT, WIDTH, Tick
from cnncli.report.page.template import Explain, rendered
from cnncli.wording import short_names

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 30
_TICKS = 4


@dataclass(frozen=True)
class TrialRow:
    """One trial.

    Args:
        number: Number of the trial, from 0.
        run: Name of its run.
        state: `complete`, `pruned`, `failed` or `running`.
        value: The metric; of a pruned trial that of its last epoch; None without one.
        epochs: Number of epochs.
        seconds: Duration; None while it is trained.
        values: What was tried, by key, as text.
        remark: Why it failed.
    """

    number: int
    run: str
    state: str
    value: float | None
    epochs: int
    seconds: float | None
    values: Mapping[str, str]
    remark: str = ""


@dataclass(frozen=True)
class SearchPage:
    """What the page of a search shows.

    Args:
        name: Name of the search.
        metric: The metric.
        maximizes: Whether more of it is better.
        wanted: Number of trials that was asked for; None where only the time ends it.
        trials: Every trial, by number.
        best: Number of the best trial; None while none is complete.
        importances: How much of the differences each key explains, 0 to 1, the largest first; empty where unknown.
        best_spec: Path of best.yaml.
        spec: Its text.
    """

    name: str
    metric: str
    maximizes: bool
    wanted: int | None
    trials: Sequence[TrialRow]
    best: int | None
    importances: Mapping[str, float]
    best_spec: str
    spec: str


@dataclass(frozen=True)
class Course:
    """The values of all trials as a drawing.

    Args:
        complete: Places of complete trials, horizontal and vertical, each with a text.
        pruned: The same of pruned ones.
        line: Points of an SVG polyline: the best so far.
        up: Ticks of the vertical axis.
        along: Ticks of the horizontal axis.
        text: What it shows, for those who do not see it.
    """

    complete: Sequence[tuple[float, float, str]]
    pruned: Sequence[tuple[float, float, str]]
    line: str
    up: Sequence[Tick]
    along: Sequence[Tick]
    text: str


def search_html(page: SearchPage, explain: Explain) -> str:
    """The page of a search, to be written with `write`."""
    keys = list(dict.fromkeys(key for trial in page.trials for key in trial.values))
    states = [trial.state for trial in page.trials]
    counts = {state: states.count(state) for state in ("complete", "pruned", "failed", "running")}
    best = next((trial for trial in page.trials if trial.number == page.best), None)
    return rendered(
        "search.html.j2",
        explain,
        page=page,
        names=short_names(keys),
        counts={state: count for state, count in counts.items() if count},
        best=best,
        course=course_of(page),
        width=WIDTH,
        height=HEIGHT,
    )


def course_of(page: SearchPage) -> Course | None:
    """The drawing; None without a complete trial."""
    values = {
        trial.number: trial.value for trial in page.trials if trial.state == "complete" and trial.value is not None
    }
    pruned = {trial.number: trial.value for trial in page.trials if trial.state == "pruned" and trial.value is not None}
    if not values:
        return None
    low, high = min(values.values()), max(values.values())
    if low == high:
        low, high = low - 0.5, high + 0.5
    last = max([*values, *pruned, 1])

    def across(number: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * number / last

    def down(value: float) -> float:
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (high - min(max(value, low), high)) / (high - low)

    def places(of: Mapping[int, float]) -> list[tuple[float, float, str]]:
        return [(across(number), down(value), f"trial {number}: {value:.4f}") for number, value in of.items()]

    pick, points = max if page.maximizes else min, []
    so_far: float | None = None
    for number, value in sorted(values.items()):
        before, so_far = so_far, value if so_far is None else pick(so_far, value)
        if before is not None and before != so_far:
            points.append((across(number), down(before)))
        points.append((across(number), down(so_far)))
    points.append((across(last), points[-1][1]))
    levels = [low + (high - low) * step / _TICKS for step in range(_TICKS + 1)]
    return Course(
        places(values),
        places(pruned),
        " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        [Tick(down(level), f"{level:.3g}") for level in levels],
        [Tick(across(number), str(number)) for number in sorted({round(last * step / _TICKS) for step in range(5)})],
        f"{page.metric} of {len(values)} complete trials, the best {so_far:.4g}",
    )
