"""The dashboard and the alerts ask for metrics that the service really has, with labels that these really have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "ops" / "monitoring"
DEFINED = re.compile(r'"(vanka_[a-z_]+)",\s*"[^"]*"(?:,\s*\(([^)]*)\))?')
USED = re.compile(r"\b(vanka_[a-z_]+?)(?:_bucket|_count|_sum)?(?=[\s{\[)=<>]|$)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
STATES = {"queued", "running", "succeeded", "failed", "rolled back", "cancelled"}


def defined() -> dict[str, set[str]]:
    """Every metric of the service with its labels, as the code that makes them has it."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "actors").rglob("*.py"):
        for name, labels in DEFINED.findall(path.read_text(encoding="utf-8")):
            found[name] = set(re.findall(r'"([a-z_]+)"', labels))
    return found


def dashboard() -> dict[str, Any]:
    """The dashboard's document."""
    found: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    return found


def alerts() -> list[tuple[str, str]]:
    """Each alert with its expression."""
    text = (MONITORING / "alerts.yml").read_text(encoding="utf-8")
    parts = re.split(r"^\s*- alert: (\w+)$", text, flags=re.MULTILINE)[1:]
    expression = re.compile(r"expr:\s*\|?\s*(.+?)\n\s+(?:for|labels):", re.DOTALL)
    found = []
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        match = expression.search(body)
        assert match, f"{name} has no expression"
        found.append((name, match[1]))
    return found


def expressions() -> list[tuple[str, str]]:
    """Everything that is asked of Prometheus, with where it stands."""
    panels = [(panel["title"], target["expr"]) for panel in dashboard()["panels"] for target in panel["targets"]]
    return [*panels, *alerts()]


def test_every_metric_and_label_that_is_asked_for_exists() -> None:
    known, wrong = defined(), []
    for where, text in expressions():
        for name, labels in USED.findall(text):
            named = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", labels))
            if name not in known:
                wrong.append(f"{where}: {name} is no metric")
            elif not named <= known[name]:
                wrong.append(f"{where}: {name} has no label {named - known[name]}")
    assert wrong == []


def test_every_state_that_is_asked_for_is_one() -> None:
    for where, text in expressions():
        for states in re.findall(r'state=~?"([^"]*)"', text):
            assert set(states.split("|")) <= STATES, where


def test_all_that_the_service_counts_is_shown() -> None:
    shown = {name for _where, text in expressions() for name, _labels in USED.findall(text)}
    promised = {"vanka_deployments_total", "vanka_deployment_duration_seconds", "vanka_actor_restarts_total"}
    promised |= {"vanka_project_up", "vanka_watch_checks_total"}
    assert promised <= shown


def test_parentheses_are_closed_everywhere() -> None:
    for where, text in expressions():
        for opening, closing in ("()", "[]", "{}"):
            assert text.count(opening) == text.count(closing), where


def test_dashboard_has_one_place_for_each_panel_and_a_title_for_each() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["targets"] for panel in panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    text = (MONITORING / "alerts.yml").read_text(encoding="utf-8")
    names = [name for name, _ in alerts()]
    assert len(names) == len(set(names)) > 0
    for word in ("severity:", "summary:", "description:"):
        assert text.count(word) == len(names)
    assert "\t" not in text
