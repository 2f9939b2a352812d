"""Russian: third-party repositories."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "b_third_party": "🧪 Сторонний репозиторий",
    "tp_title": "Сторонние репозитории",
    "tp_new": "Новый",
    "tp_none": "Ничего не запущено.",
    "tp_choose": "Какой?",
    "tp_no_engine": (
        "🐳 Здесь нет Docker, а чужой код запускается только в контейнере (<i>{error}</i>).\n\n"
        "Как его получить: на хосте <code>apt install docker.io</code>, затем "
        "<code>systemctl start docker</code>. Если сама Vanka работает в контейнере, дайте ей "
        "<code>/var/run/docker.sock</code> (это равносильно правам root). После этого нажмите «Обновить»."
    ),
    "tp_test": "тест",
    "tp_production": "боевой",
    "b_tp_new": "➕ Запустить новый",
    "b_tp_options": "⚙️ Параметры",
    "b_tp_url": "🔗 Ссылка",
    "tp_url": (
        "Пришлите ссылку на репозиторий: https://… или git@…\n"
        "Через пробел можно указать ветку, тег или коммит:\n<code>https://github.com/user/repo.git v1.2</code>"
    ),
    "tp_url_first": "Сначала ссылка на репозиторий.",
    "tp_repo": "Репозиторий: <code>{url}</code>",
    "tp_ref": "Ветка, тег или коммит: <code>{ref}</code>",
    "tp_foreign": "⚠️ Чужой код будет запущен в отдельном контейнере без доступа к проектам и секретам.",
    "b_tp_test": "🧪 Тестовый",
    "b_tp_production": "🚀 Боевой",
    "b_tp_time": "⏱ Время: {time}",
    "b_tp_memory": "Память: {size}",
    "b_tp_cpu": "CPU: {cores}",
    "b_tp_net_on": "Сеть: да",
    "b_tp_net_off": "Сеть: нет",
    "b_tp_out": "Вывод в чат: вкл, строк: {lines}",
    "b_tp_out_off": "Вывод в чат: выкл",
    "b_tp_run": "▶️ Запустить",
    "tp_time": "Сколько ему работать? Выберите или пришлите, например 10m, 2h, 3d (не больше 7 дней):",
    "tp_output": "Показывать в чате вывод команд? Сколько строк каждой (не больше 30)?",
    "b_tp_on": "Вкл",
    "b_tp_off": "Выкл",
    "tp_state": "{mark} {state} · {kind} · {sha}",
    "tp_is_preparing": "готовится",
    "tp_is_running": "работает",
    "tp_is_ended": "завершён",
    "tp_is_failed": "не удалось",
    "tp_url_line": "<code>{url}</code>",
    "tp_limits": "Память {memory} · CPU {cores} · сеть: {network}",
    "tp_net_on": "да",
    "tp_net_off": "нет",
    "tp_left": "Закончится не позже чем через {time}",
    "tp_now": "▶️ <code>$ {command}</code> …",
    "tp_output_is_off": "🔕 Вывод в чат выключен.",
    "tp_step": "{mark} <code>$ {command}</code>\nкод {code} · {time} · строк {n}",
    "tp_step_limit": "{mark} <code>$ {command}</code>\nкод {code} · {time} · строк {n} · остановлено по времени",
    "b_tp_file": "📄 Весь вывод",
    "b_tp_steps": "📜 Команды ({n})",
    "tp_commands": "Команды",
    "b_tp_command": "⌨️ Команда",
    "tp_command": "Команда",
    "tp_ask_command": "Пришлите команду для контейнера <b>{name}</b> (до {time}):",
    "tp_bad_command": "⚠️ В команде от 1 до {n} знаков.",
    "b_tp_quiet": "🔕 Вывод выкл",
    "b_tp_loud": "🔔 Вывод вкл",
    "b_tp_lines": "Строк: {lines}",
    "b_tp_remove": "🗑 Удалить",
    "b_tp_project": "📦 Сделать проектом",
    "tp_ask_stop": "Остановить <b>{name}</b>? Всё в его контейнере завершится; вывод останется.",
    "tp_ask_remove": "Удалить <b>{name}</b>? Его контейнер, файлы и вывод пропадут.",
    "tp_stopped": "⏹ {name} остановлен.",
    "tp_removed": "🗑 {name} удалён.",
    "cmd_repo": "Запустить сторонний репозиторий",
}
