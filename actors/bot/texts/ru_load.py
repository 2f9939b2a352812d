"""Russian: the load, its charts and thresholds."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "b_hour": "📈 1 ч",
    "b_day": "📈 24 ч",
    "b_thresholds": "⚠ Пороги",
    "b_sort_cpu": "↓ CPU",
    "b_sort_ram": "↓ RAM",
    "b_threshold_off": "🚫 Выключить",
    "load_title": "Нагрузка на контейнер",
    "load_none": "Нагрузку сейчас узнать не удалось.",
    "load_cpu": "CPU <code>{bar}</code> {percent}% (ядер: {count}{average})",
    "load_memory": "RAM <code>{bar}</code> {used} из {limit} ({source})",
    "load_memory_free": "RAM {used}",
    "load_disk": "Диск <code>{bar}</code> {percent}% · своб. {free}",
    "load_disk_free": "Диск: свободно {free}",
    "load_net": "Сеть ↓ {down}/с ↑ {up}/с",
    "load_warm": "Темп. {degrees} °C",
    "load_processes": "Процессов {n} · Потоков {threads}",
    "load_uptime": "Работает {time}",
    "load_at": "На {time} ({zone})",
    "load_average": ", load {average}",
    "load_limit_cgroup": "лимит cgroup",
    "load_limit_host": "вся машина",
    "load_title_projects": "По проектам",
    "load_line": "CPU: {cpu}% одного ядра\nRAM: {memory}\nПроцессов: {n}",
    "load_down": "Программа не запущена.",
    "load_no_projects": "Ни один проект не запущен.",
    "load_others": "Тесты и сторонние:",
    "load_period": "{period}: CPU в среднем {cpu}%, не больше {peak}%; RAM не больше {memory}",
    "load_spark": "CPU <code>{cpu}</code>\nRAM <code>{memory}</code>",
    "hour": "Час",
    "day": "Сутки",
    "chart_hour": "последний час",
    "chart_day": "последние 24 часа",
    "chart_caption": (
        "📈 <b>{what}</b>: {period} ({zone})\n"
        "CPU: в среднем {cpu}%, пик {peak}% ({peak_at})\n"
        "RAM: в среднем {memory}, пик {memory_peak} ({memory_at})"
    ),
    "chart_whole": "Контейнер",
    "chart_legend": "Тонкая линия — среднее за минуту, бледная полоса над ней — пики.",
    "chart_gaps": "Заштриховано: измерений не было.",
    "chart_marks": "Развёртывания: {marks}",
    "chart_none": "За это время ничего не измерено. Первое измерение — через десять секунд после запуска.",
    "chart_failed": "Картинку нарисовать не удалось: {error}",
    "thresholds_title": "Пороги",
    "thresholds_text": (
        "Сообщение приходит, когда среднее за пять минут выше порога, и ещё раз — когда нагрузка снова в норме. "
        "Со звуком или без — настраивается в «Уведомлениях»."
    ),
    "threshold_line": "{mark} {what}: {limit}, сейчас {now}",
    "threshold_off": "выключен",
    "threshold_since": "выше порога уже {time}",
    "threshold_ask": "{what}: выберите или пришлите число от {lowest} до {highest}.",
    "threshold_bad": "⚠️ Пришлите целое число от {lowest} до {highest}.",
    "resource_cpu": "CPU",
    "resource_memory": "RAM",
    "resource_disk": "Диск",
    "alert_load": "Порог нагрузки",
}
