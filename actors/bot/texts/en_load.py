"""English: the load, its charts and thresholds."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "b_hour": "📈 1 h",
    "b_day": "📈 24 h",
    "b_thresholds": "⚠ Thresholds",
    "b_sort_cpu": "↓ CPU",
    "b_sort_ram": "↓ RAM",
    "b_threshold_off": "🚫 Off",
    "load_title": "Container load",
    "load_none": "The load could not be told right now.",
    "load_cpu": "CPU <code>{bar}</code> {percent}% (cores: {count}{average})",
    "load_memory": "RAM <code>{bar}</code> {used} of {limit} ({source})",
    "load_memory_free": "RAM {used}",
    "load_disk": "Disk <code>{bar}</code> {percent}% · free {free}",
    "load_disk_free": "Disk: free {free}",
    "load_net": "Network ↓ {down}/s ↑ {up}/s",
    "load_warm": "Temp. {degrees} °C",
    "load_processes": "Processes {n} · Threads {threads}",
    "load_uptime": "Up {time}",
    "load_at": "At {time} ({zone})",
    "load_average": ", load {average}",
    "load_limit_cgroup": "cgroup limit",
    "load_limit_host": "the whole machine",
    "load_title_projects": "By project",
    "load_line": "CPU: {cpu}% of one core\nRAM: {memory}\nProcesses: {n}",
    "load_down": "The program does not run.",
    "load_no_projects": "No project runs.",
    "load_others": "Tests and third-party:",
    "load_period": "{period}: CPU {cpu}% on average, {peak}% at most; RAM {memory} at most",
    "load_spark": "CPU <code>{cpu}</code>\nRAM <code>{memory}</code>",
    "hour": "Hour",
    "day": "Day",
    "chart_hour": "the last hour",
    "chart_day": "the last 24 hours",
    "chart_caption": (
        "📈 <b>{what}</b>: {period} ({zone})\n"
        "CPU: {cpu}% on average, {peak}% at most ({peak_at})\n"
        "RAM: {memory} on average, {memory_peak} at most ({memory_at})"
    ),
    "chart_whole": "Container",
    "chart_legend": "A thin line is the mean of a minute, the pale band above it the peaks.",
    "chart_gaps": "Striped: nothing was measured.",
    "chart_marks": "Deployments: {marks}",
    "chart_none": "Nothing was measured in that time. A first figure is there ten seconds after the start.",
    "chart_failed": "The picture could not be drawn: {error}",
    "thresholds_title": "Thresholds",
    "thresholds_text": (
        "You are told when the mean of five minutes is above a threshold, and again when the load is back to normal. "
        "How you are told is set in “Alerts”."
    ),
    "threshold_line": "{mark} {what}: {limit}, now {now}",
    "threshold_off": "off",
    "threshold_since": "above it for {time}",
    "threshold_ask": "{what}: choose, or send a number from {lowest} to {highest}.",
    "threshold_bad": "⚠️ Send a whole number from {lowest} to {highest}.",
    "resource_cpu": "CPU",
    "resource_memory": "RAM",
    "resource_disk": "Disk",
    "alert_load": "Load threshold",
}
