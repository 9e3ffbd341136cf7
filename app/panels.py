"""Pages are hung from above: a lower room offers a place, a higher room registers what it shows there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

Panel = Callable[..., Markup | None]
_panels: dict[str, list[tuple[int, Panel]]] = defaultdict(list)


def panel(place: str, order: int = 50) -> Callable[[Panel], Panel]:
    """Register a function that renders one panel at `place` (for example "lab"), or None for nothing."""

    def register(render: Panel) -> Panel:
        # Compared by name, since an application made twice (as in tests) registers its rooms twice.
        if all(render.__qualname__ != there.__qualname__ for _order, there in _panels[place]):
            _panels[place].append((order, render))
            _panels[place].sort(key=lambda entry: entry[0])
        return render

    return register


def panels_at(place: str, *args: Any, **kwargs: Any) -> list[Markup]:
    shown = (render(*args, **kwargs) for _order, render in _panels[place])
    return [markup for markup in shown if markup is not None]
