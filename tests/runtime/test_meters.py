"""What was counted can be read, and what was forgotten is gone."""

from __future__ import annotations

import threading

import pytest

from runtime.meters import Meters


def test_meters_are_rendered_as_prometheus_text() -> None:
    meters = Meters()
    meters.counter("vanka_deployments_total", "Deployments.", ("project", "state")).add(
        project="shop", state="succeeded"
    )
    meters.gauge("vanka_project_up", "Is it up?", ("project",)).set(1, project="shop")
    meters.gauge("vanka_inbox", "Messages waiting.").add(3)
    meters.histogram("vanka_seconds", "How long.", buckets=(1, 5)).observe(2)
    text = meters.render().decode()
    assert "# HELP vanka_deployments_total Deployments.\n# TYPE vanka_deployments_total counter\n" in text
    assert 'vanka_deployments_total{project="shop",state="succeeded"} 1.0\n' in text
    assert 'vanka_project_up{project="shop"} 1.0\n' in text
    assert "vanka_inbox 3.0\n" in text
    assert 'vanka_seconds_bucket{le="5.0"} 1.0\n' in text
    assert "vanka_seconds_sum 2.0\n" in text
    assert "_created" not in text
    assert meters.content_type.startswith("text/plain; version=0.0.4")


def test_two_services_in_one_process_do_not_share_meters() -> None:
    first, second = Meters(), Meters()
    first.counter("vanka_x_total", "X.").add()
    second.counter("vanka_x_total", "X.")
    assert "vanka_x_total 1.0" in first.render().decode()
    assert "vanka_x_total 0.0" in second.render().decode()


def test_asking_again_gives_the_same_meter_and_another_shape_is_refused() -> None:
    meters = Meters()
    for _ in range(2):
        meters.counter("vanka_x_total", "X.", ("a",)).add(a="b")
    assert 'vanka_x_total{a="b"} 2.0' in meters.render().decode()
    with pytest.raises(ValueError, match="labels"):
        meters.counter("vanka_x_total", "X.", ("other",))
    with pytest.raises(ValueError, match="vanka_x"):
        meters.gauge("vanka_x_total", "X.")
    with pytest.raises(ValueError, match="wanted"):
        meters.counter("vanka_x_total", "X.", ("a",)).add(b="c")


def test_the_series_of_a_removed_project_are_dropped_everywhere() -> None:
    meters = Meters()
    counter = meters.counter("vanka_deployments_total", "D.", ("project", "state"))
    gauge = meters.gauge("vanka_project_up", "U.", ("project",))
    watch = meters.counter("vanka_watch_checks_total", "W.", ("result",))
    for project in ("shop", "blog"):
        for state in ("succeeded", "failed"):
            counter.add(project=project, state=state)
        gauge.set(1, project=project)
    watch.add(result="shop")
    assert meters.forget(project="shop") == 3
    assert meters.forget(project="shop") == 0
    assert meters.forget() == 0
    text = meters.render().decode()
    assert 'project="shop"' not in text
    assert text.count('project="blog"') == 3
    assert 'vanka_watch_checks_total{result="shop"} 1.0' in text
    counter.add(project="shop", state="failed")
    assert 'vanka_deployments_total{project="shop",state="failed"} 1.0' in meters.render().decode()


def test_a_label_with_endless_values_does_not_fill_the_memory() -> None:
    meters = Meters()
    counter = meters.counter("vanka_x_total", "X.", ("name",), most=3)
    for number in range(100):
        counter.add(name=f"n{number}")
    text = meters.render().decode()
    assert text.count("vanka_x_total{") == 4
    assert 'vanka_x_total{name="other"} 97.0' in text


def test_many_threads_count_and_forget_without_losing_others_counts() -> None:
    meters = Meters()
    counter = meters.counter("vanka_x_total", "X.", ("project",))

    def work(name: str) -> None:
        for _ in range(500):
            counter.add(project="kept")
            counter.add(project=name)
            meters.forget(project=name)

    threads = [threading.Thread(target=work, args=(f"p{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 'vanka_x_total{project="kept"} 2000.0' in meters.render().decode()
