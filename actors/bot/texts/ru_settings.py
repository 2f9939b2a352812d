"""Russian: the screens of adding, settings, variables, journal and the system."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "add_title": "Новый проект · шаг {n}/5",
    "add_check": "Новый проект · проверка",
    "add_name": "Имя репозитория (латиница, цифры, - _ . до 64):",
    "add_url": "Ссылка на репозиторий: https://… или git@…",
    "add_token": "Репозиторий закрыт. Пришлите токен; сообщение будет удалено сразу после чтения.",
    "add_path": "Папка проекта. Предлагаю: <code>{path}</code>\nМожно прислать свою.",
    "add_branch": "Ветка: выберите или пришлите другую.",
    "add_interval": "Как часто проверять новые коммиты? Можно прислать своё: 90s, 10m, 2h, 1d.",
    "add_summary": "Всё верно? При новом коммите:",
    "add_incomplete": "Не на все вопросы есть ответ.",
    "add_has_name": "Имя: <b>{value}</b>",
    "add_has_url": "Ссылка: {value}",
    "add_has_path": "Папка: <code>{value}</code>",
    "add_has_branch": "Ветка: {value}",
    "add_has_interval": "Период: {value}",
    "add_has_variables": "⚙️ Переменных перейдёт: {n}",
    "add_has_token": "🔑 Доступ по токену",
    "interval_title": "Период",
    "interval_text": (
        "Проверять новые коммиты <b>{name}</b>: сейчас {interval}. Последняя проверка {ago}, следующая через {next}."
    ),
    "interval_policy": "При новом коммите (нижний ряд):",
    "interval_custom": "Пришлите период: 90s, 10m, 2h, 1d (от 15 с до 7 дней).",
    "vars_title": "Переменные",
    "vars_run": "Режим: <b>Боевой</b>",
    "vars_test": "Режим: <b>Тестовый</b> (накладываются на боевые)",
    "vars_none": "Переменных пока нет.",
    "vars_line": "<code>{name}</code> — {ago}",
    "var_about": "<code>{name}</code>, {kind}, изменена {ago}",
    "var_text": "Значение: {dots}",
    "var_shown": "Исчезнет через 15 с:",
    "var_delete": "Удалить переменную <code>{name}</code>?",
    "var_name": "Название (A–Z, 0–9, _):",
    "var_value": "Значение для <code>{name}</code> ({kind}). Сообщение будет удалено сразу после чтения.",
    "var_import": "Пришлите файл .env или его текст. Сообщение будет удалено сразу после чтения.",
    "var_preview": "Новых {new}, изменится {changed}, лишних строк {strange}:",
    "settings_title": "Параметры",
    "setting_line": "{title}: <code>{value}</code>",
    "setting_now": "Сейчас: <code>{value}</code>",
    "ask_name": "Пришлите новое имя (латиница, цифры, - _ . до 64).",
    "ask_url": "Пришлите новую ссылку на репозиторий.",
    "ask_path": "Пришлите новую папку (пока проект не развёрнут).",
    "ask_branch": "Пришлите имя ветки.",
    "ask_subdir": "Пришлите папку внутри репозитория, например <code>backend</code>.",
    "ask_main": "Пришлите файл запуска, например <code>main.py</code>.",
    "ask_probe": (
        "Пришлите проверку: <code>http://127.0.0.1:8080/health</code>, <code>tcp://127.0.0.1:8080</code> или команду."
    ),
    "ask_keep": "Пришлите, сколько версий хранить, например 10.",
    "ask_access": "Пришлите токен или закрытый ключ (текстом или файлом). Сообщение будет удалено сразу после чтения.",
    "persist_text": "Не трогаются при развёртывании и очистке:",
    "persist_add": "Нажмите путь, чтобы убрать его, или пришлите новый, например <code>db/</code>.",
    "delete_title": "Удаление",
    "delete_ask": (
        "Удалить <b>{name}</b>? Будут удалены: папка <code>{path}</code>, окружение, версий: {n}, переменные."
    ),
    "delete_type": "Пришлите имя проекта <code>{name}</code> для подтверждения. Папка будет удалена.",
    "delete_type_keep": "Пришлите имя проекта <code>{name}</code> для подтверждения. Файлы останутся.",
    "journal_title": "Журнал",
    "history_title": "История",
    "journal_none": "Развёртываний ещё не было.",
    "journal_line": "{mark} {project} {no} · {kind} · {ago} · {took} · {who}",
    "system_title": "Система",
    "system_text": (
        "Акторов: {actors}, работает {up} · перезапусков {restarts}\nСообщений в очередях: {inbox}\nОшибок в "
        "журнале: {errors}"
    ),
    "actors_title": "Акторы",
    "actors_text": "Всего {n}; сначала те, что падали.",
    "actor_text": (
        "Состояние: {state}\nПерезапусков: {restarts} · в очереди: {inbox}\nПоследняя ошибка: <code>{error}</code>"
    ),
    "errors_title": "Ошибки",
    "errors_none": "Ошибок нет 🟢",
    "error_entry": "🧯 {n}× {where}, {ago} назад: {event} <code>{error}</code>",
    "backup_caption": "Записи сервиса. Секреты зашифрованы, ключа внутри нет: храните secret.key отдельно.",
    "backup_too_big": "⚠️ Копия слишком велика для чата ({size}): возьмите её командой vanka backup.",
    "language_title": "Язык",
    "language_text": "На каком языке говорить?",
    "users_title": "Пользователи",
    "users_text": "Всего: {n}",
    "invite_title": "Приглашение",
    "invite_ask": "Кого пригласить? Ссылка действует один раз, 1 час.",
    "invite_link": "Ссылка ({role}), один раз, 1 час:\n<code>{link}</code>",
    "user_text": "<b>{name}</b> (<code>{user}</code>): {role}",
    "user_fixed": "Задан настройкой VANKA_ADMIN.",
    "help_title": "Справка",
    "help_0": (
        "<b>Первый проект</b>\n«Добавить проект» спросит имя, ссылку, папку, ветку и период. Потом «Запуск»: "
        "сначала тест, после него — «Развернуть в базовом месте»."
    ),
    "help_1": (
        "<b>Версии и откат</b>\nКаждый собранный коммит получает номер. «Откатить» заменяет всё в папке "
        "файлами выбранной версии, кроме постоянных путей. Если новая версия не прошла проверку, "
        "возвращается прежняя."
    ),
    "help_2": (
        "<b>Переменные</b>\nБоевые видит программа всегда, тестовые накладываются при тесте. Значения "
        "зашифрованы, в чате видны точки."
    ),
    "help_3": (
        "<b>Команды</b>\n/run проект test 10m\n/rollback проект 16\n/status проект · /logs проект\n/set "
        "проект KEY · /interval проект 5m\n/check проект · /repo ссылка · /load · /journal · /cancel"
    ),
    # alerts
    "alert_commit": "Новый коммит",
    "alert_started": "Начато",
    "alert_succeeded": "Успех",
    "alert_failed": "Неудача",
    "alert_rolled_back": "Возврат версии",
    "alert_cancelled": "Прервано",
    "alert_test_finished": "Тест окончен",
    "alert_test_discarded": "Тест снят",
    "alert_down": "Упала",
    "alert_up": "Поднялась",
    "alert_parked": "Не поднимается",
    "alert_watch_failed": "Репозиторий недоступен",
    "alert_watch_recovered": "Репозиторий доступен",
    "alert_guest_step": "Сторонние: команды",
    "alert_guest_commit": "Сторонние: коммит",
    "alert_guest_ended": "Сторонние: завершён",
    "alert_guest_failed": "Сторонние: сбой",
    "alert_service_back": "Сервис перезапущен",
    "alert_service": "Сервис",
    "alert_actor": "Сбой актора",
    "b_quiet": "🌙 Тихие часы: {hours}",
    "b_quiet_none": "∅ Без тихих часов",
    "off_hours": "нет",
    "alerts_title": "Уведомления",
    "alerts_text": "🔔 со звуком · 🔕 тихо · 🚫 не сообщать. Нажмите, чтобы изменить.",
    "quiet_title": "Тихие часы",
    "quiet_ask": "Пришлите часы и пояс, например <code>23-8 +3</code>: с 23 до 8, UTC+3."
    " Тихие сообщения придут после них, важные — сразу.",
}
