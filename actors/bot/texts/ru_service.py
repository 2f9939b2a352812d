"""Russian for what the service tells of itself: the bot's token, the disk, the database, the port."""

from __future__ import annotations

from typing import Final

SERVICE: Final = (
    # Telegram
    (
        "Another program uses the bot's token: the chat does not hear presses until it stops.",
        "Токеном бота пользуется другая программа: пока она не остановится, чат не слышит нажатий.",
    ),
    (
        "Telegram does not know the bot's token (any more): take it from @BotFather again.",
        "Telegram не знает токена бота или больше его не принимает: возьмите токен у @BotFather заново.",
    ),
    # the disk and the port
    (
        "the disk is nearly full: {n} MB were free under {path}, {m} MB of releases that no way back needs were "
        "removed",
        "Диск почти полон: под {path} было свободно {n} МБ. Релизы, к которым нельзя откатиться, удалены: {m} МБ",
    ),
    (
        "the disk could not be cleaned up: {why} (and {n} more, see the log)",
        "Диск не очищен: {why} (и ещё {n}, см. лог)",
    ),
    ("the disk could not be cleaned up: {why}", "Диск не очищен: {why}"),
    (
        "cannot listen on {host}: {why}. Another program may have this port. Choose another one with "
        "VANKA_HTTP=host:port, "
        "or VANKA_HTTP=off. Everything else works; it is tried again every {n} s.",
        "Порт {host} занять не удалось ({why}): возможно, он у другой программы. Выберите другой "
        "(VANKA_HTTP=host:port) "
        "или выключите HTTP (VANKA_HTTP=off). Всё остальное работает; попытка повторяется раз в {n} с.",
    ),
    ("Address already in use", "адрес уже занят"),
    ("Permission denied", "нет прав"),
    ("there is no host of that name", "хоста с таким именем нет"),
    # the database and the key
    ("At the start no copy of the database was made: {why}.", "При запуске копия базы не сделана: {why}."),
    (
        "The database was removed while the service ran, and no copy could be made: {why}.",
        "Базу удалили, пока сервис работал, и сделать копию не удалось: {why}.",
    ),
    (
        "The database was removed while the service ran; a copy was saved for the next start.",
        "Базу удалили, пока сервис работал; копия сохранена для следующего запуска.",
    ),
    (
        "The database's log was damaged: the database is whole, but what was saved last before the service "
        "ended is lost. "
        "The log is kept in {path}.",
        "Журнал базы был повреждён: база цела, но записанное последним перед остановкой потеряно. Журнал "
        "отложен в {path}.",
    ),
    (
        "The database {why}. The copy of {at} UTC was restored: what was saved in the {span} after it is lost. "
        "What was "
        "left of it is kept in {path}.",
        "База повреждена ({why}). Восстановлена копия от {at} UTC: записанное после неё потеряно. Остаток "
        "отложен в {path}.",
    ),
    (
        "The database {why}. The copy of {at} UTC was restored: what was saved in the {span} after it is lost.",
        "База повреждена ({why}). Восстановлена копия от {at} UTC: записанное после неё потеряно.",
    ),
    ("was missing", "её не было"),
    ("was an empty file", "файл пуст"),
    ("was not a database any more (its header is gone)", "это больше не база"),
    ("had damaged pages: {words}", "испорчены страницы: {words}"),
    ("had damaged pages", "испорчены страницы"),
    ("held records that cannot be read", "записи не читаются"),
    ("had lost its records", "записи пропали"),
    (
        "The key file {path} could be read by others (mode {mode}); it is 0600 now. If somebody may have read "
        "it, rotate "
        "the key.",
        "Файл ключа {path} могли читать другие (права {mode}); теперь права 0600. Если его могли прочесть, "
        "смените ключ.",
    ),
    # records that are older than the disk
    (
        "{name}: version {n} is in place, and nothing is on record of it. Deploy once: vanka deploy {name_again}",
        "{name}: на месте стоит версия №{n}, но записей о ней нет. Разверните проект ещё раз",
    ),
    (
        "{path} belongs to a project that is not on record any more: add it again, and take from there what you "
        "need. Its "
        "program runs on ({what}), and Vanka does not look after it: end it with `{how}`.",
        "{path} — от проекта, о котором записей больше нет: добавьте его снова и возьмите оттуда нужное. Его программа "
        "работает ({what}), но Vanka за ней не следит: завершите её командой {how}",
    ),
    (
        "{path} belongs to a project that is not on record any more: add it again, and take from there what you need.",
        "{path} — от проекта, о котором записей больше нет: добавьте его снова и возьмите оттуда нужное.",
    ),
)
