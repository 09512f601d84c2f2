"""Words of the archive that a person is given and of the act of his erasure: code -> English, Russian.

They stand here and not in the panel's catalogue: the archive is also made where there is no panel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "ru"]

TITLES: Mapping[str, tuple[str, str]] = {  # of tables, in the order of the archive
    "clients": ("Card", "Карточка"),
    "client_phones": ("Phones", "Телефоны"),
    "client_emails": ("E-mails", "Электронная почта"),
    "client_places": ("Addresses, sites and messengers", "Адреса, сайты и мессенджеры"),
    "client_values": ("Properties", "Свойства"),
    "value_history": ("Properties as they were before", "Прежние значения свойств"),
    "contact_clients": ("Contact persons: whose they are", "Контактные лица: чьи они"),
    "contacts": ("Contact persons", "Контактные лица"),
    "contact_phones": ("Phones of contact persons", "Телефоны контактных лиц"),
    "contact_emails": ("E-mails of contact persons", "Почта контактных лиц"),
    "contracts": ("Contracts", "Договоры"),
    "client_files": ("Files", "Файлы"),
    "calls": ("Calls", "Звонки"),
    "legs": ("Who was in the calls", "Участники звонков"),
    "call_dispositions": ("What came of calls", "Итоги разговоров"),
    "call_waits": ("Waiting in queues", "Ожидание в очередях"),
    "agent_states": ("Agents' work after the calls", "Работа операторов после звонков"),
    "call_notes": ("Notes to calls", "Заметки к звонкам"),
    "call_variables": ("What the PBX said of calls", "Что сообщила о звонках АТС"),
    "call_marks": ("Marks set in calls", "Метки в разговорах"),
    "call_corrections": ("Corrections of calls", "Исправления в звонках"),
    "dial_requests": ("Calls placed from the panel", "Звонки, начатые из программы"),
    "desktop_events": ("Cards shown to agents when the phone rang", "Карточки, показанные операторам при звонке"),
    "trace": ("How the caller was recognised", "Как был узнан звонящий"),
    "number_choices": ("Whose number it is, as agents said", "Чей это номер: ответы операторов"),
    "client_notes": ("Notes on the card", "Заметки на карточке"),
    "client_tasks": ("Tasks", "Задачи"),
    "client_changes": ("Changes of the card", "Изменения карточки"),
    "client_merges": ("Cards merged into one", "Объединения карточек"),
    "duplicate_pairs": ("Likely duplicates", "Возможные дубли"),
    "segment_clients": ("Fixed segments", "Зафиксированные сегменты"),
    "client_runs": ("Imports and bulk edits", "Импорты и групповые правки"),
    "access_log": ("Who looked", "Кто смотрел"),
    "erasures": ("Erasures", "Стирания"),
}
LABELS: Mapping[str, tuple[str, str]] = {  # of columns
    "disposition_id": ("What came of it", "Итог"),
    "id": ("No.", "№"), "name": ("Name", "Название"), "full_name": ("Full name", "Полное наименование"),
    "kind": ("Kind", "Вид"), "note": ("Note", "Примечание"), "responsible_id": ("Manager", "Менеджер"),
    "created_at": ("Created", "Создано"), "updated_at": ("Changed", "Изменено"), "inn": ("INN", "ИНН"),
    "kpp": ("KPP", "КПП"), "ogrn": ("OGRN", "ОГРН"), "relation_id": ("Relation", "Отношение"),
    "region_id": ("Region", "Регион"), "industry_id": ("Industry", "Отрасль"), "source_id": ("Source", "Источник"),
    "time_zone": ("Time zone", "Часовой пояс"), "restricted_at": ("Restricted since", "Обработка ограничена с"),
    "restricted_why": ("Why restricted", "Причина ограничения"), "e164": ("Number", "Номер"),
    "extension": ("Extension", "Добавочный"), "typed": ("As written", "Как записан"), "label": ("Label", "Пометка"),
    "shared": ("Shared number", "Общий номер"), "address": ("Address", "Адрес"), "value": ("Value", "Значение"),
    "property_id": ("Property", "Свойство"), "value_id": ("Value", "Значение"), "number": ("Number", "Номер"),
    "text": ("Text", "Текст"), "since": ("Since", "С"), "until": ("Until", "По"),
    "contact_id": ("Contact person", "Контактное лицо"), "client_id": ("Client", "Клиент"), "role_id": ("Role", "Роль"),
    "signed_on": ("Signed on", "Подписан"), "begins_on": ("Begins on", "Начало"), "ends_on": ("Ends on", "Окончание"),
    "state_id": ("State", "Состояние"), "amount": ("Sum", "Сумма"), "currency": ("Currency", "Валюта"),
    "manager_id": ("Manager", "Менеджер"), "contract_id": ("Contract", "Договор"), "media_type": ("Type", "Тип"),
    "size": ("Bytes", "Байт"), "user_id": ("Who", "Кто"), "agent_id": ("To whom", "Кому"), "at": ("When", "Когда"),
    "field": ("Field", "Поле"), "was": ("Was", "Было"), "became": ("Became", "Стало"), "call_id": ("Call", "Звонок"),
    "direction": ("Direction", "Направление"), "caller_number": ("Caller", "Кто звонил"),
    "caller_name": ("Caller's name", "Имя звонившего"), "caller_device": ("Caller's device", "Аппарат звонившего"),
    "called": ("Number dialled", "Набранный номер"),
    "queue": ("Queue", "Очередь"), "started_at": ("Began", "Начало"), "answered_at": ("Answered", "Ответ"),
    "ended_at": ("Ended", "Конец"), "outcome": ("Outcome", "Итог"), "leg": ("Line", "Линия"),
    "device": ("Device", "Аппарат"), "rang_at": ("Rang", "Звонок"), "result": ("Result", "Результат"),
    "talk_s": ("Talk, s", "Разговор, с"), "hold_s": ("On hold, s", "Удержание, с"), "joined_at": ("Joined", "Вход"),
    "left_at": ("Left", "Выход"), "how": ("How", "Как"), "shown_at": ("Shown", "Показана"), "step": ("Step", "Шаг"),
    "state": ("State", "Состояние"), "chosen_at": ("When", "Когда"), "kept_id": ("Kept card", "Оставшаяся карточка"),
    "gone_id": ("Merged card", "Присоединённая карточка"), "undone_at": ("Taken back", "Отменено"),
    "one_id": ("One card", "Одна карточка"), "two_id": ("The other card", "Другая карточка"),
    "reasons": ("Why", "Почему"), "found_at": ("Found", "Найдено"), "dismissed_at": ("Dismissed", "Отклонено"),
    "dismissed_by": ("By whom", "Кем"), "segment_id": ("Segment", "Сегмент"), "title": ("What", "Что"),
    "login": ("Who", "Кто"), "action": ("What", "Что"), "thing": ("Of what", "О чём"), "why": ("Why", "Зачем"),
    "count": ("How many", "Сколько"), "reason": ("Reason", "Причина"), "queued_at": ("In queue", "В очереди"),
    "phones": ("Phones", "Телефоны"), "emails": ("E-mails", "Почта"), "places": ("Addresses", "Адреса"),
    "merged": ("Merged card", "Присоединена карточка"), "created": ("Source", "Откуда"),
    "batch": ("Import or bulk edit", "Импорт или групповая правка"), "position": ("Order", "Порядок"),
    "said_by": ("Set by", "Кем задано"), "by_user_id": ("By whom", "Кем"), "back": ("Then", "Затем"),
    "back_reason": ("Then, why", "Затем, почему"), "held": ("Held", "Удержано"),
    "changed_at": ("Changed", "Изменено"), "what": ("What", "Что"), "due_at": ("Due", "Срок"),
    "owner_id": ("Whose task", "Чья задача"), "made_by": ("Made by", "Кто поставил"),
    "done_at": ("Done", "Сделана"), "done_by": ("Done by", "Кто сделал"),
    "remind_at": ("Reminder", "Напоминание"),
    "args": ("Details", "Подробности"), "details": ("Details", "Подробности"), "record": ("Record", "Запись"),
}  # fmt: skip
WORDS: Mapping[str, tuple[str, str]] = {
    "archive": ("All that is held on: {name}", "Все данные, которые хранятся: {name}"),
    "made": ("Made on {time}.", "Составлено {time}."),
    "json": (
        "The same, row by row and complete, is in data.json beside this page; files are in the folder “files”.",
        "То же самое построчно и полностью — в файле data.json рядом; сами файлы — в папке files.",
    ),
    "segments": ("Segments that he is in", "Сегменты, в которые входит"),
    "missing": ("{name} (not in the folder of files)", "{name} (нет в папке файлов)"),
    "yes": ("yes", "да"), "no": ("no", "нет"),
    "act": ("Act of destruction of personal data No. {number}", "Акт об уничтожении персональных данных № {number}"),
    "fields": ("What was destroyed, how and why", "Что, как и почему уничтожено"),
    "again": (
        "Done once more: an older copy of the base had been put back.",
        "Повторно: была восстановлена более старая копия базы.",
    ),
    "operator": ("Operator: name and address", "Оператор: наименование и адрес"),
    "processor": (
        "Who processes on the operator's behalf: name and address",
        "Лицо, обрабатывающее данные по поручению оператора: наименование и адрес",
    ),
    "subject": ("Whose data", "Чьи данные уничтожены"),
    "card": ("card No. {ids} of the client base", "карточка № {ids} клиентской базы"),
    "contact": ("contact person No. {ids} of the client base", "контактное лицо № {ids} клиентской базы"),
    "by": ("Who destroyed them", "Кто уничтожил данные"),
    "categories": ("Categories of the data", "Категории уничтоженных данных"),
    "system": ("Information system", "Информационная система"),
    "trubka": ("Trubka, the client base and the journal of calls", "«Трубка»: клиентская база и журнал звонков"),
    "way": ("How", "Способ уничтожения"),
    "way-text": (
        "deleted by the program from tables, the search index and the folder of files; the free space of the base"
        " written over",
        "удаление средствами программы из таблиц, поискового индекса и папки файлов с перезаписью свободного места"
        " базы",
    ),
    "why": ("Reason", "Причина уничтожения"),
    "when": ("Date of destruction", "Дата уничтожения"),
    "cleaned": ("Free space of the base written over", "Свободное место базы перезаписано"),
    "not-yet": ("at the next cleaning", "при ближайшей очистке"),
    "left": ("Copies that could not be opened", "Копии базы, которые не удалось открыть"),
    "position-sign": ("Position, signature", "Должность, подпись"),
    "events": ("Event log", "Выгрузка из журнала событий"),
    "table": ("Where", "Где"), "category": ("What", "Что"), "rows": ("Rows", "Записей"), "time": ("When", "Когда"),
    "data-of": ("Whose", "Чьи"), "files-on-disk": ("folder of files", "папка файлов"),
    "list": ("list of the erased", "список стёртых"), "marks": ("keyed hashes", "хеши с ключом"),
}  # fmt: skip
CATEGORIES: Mapping[str, tuple[str, str]] = {
    "card": ("name, tax numbers, note", "имя, ИНН и другие реквизиты, примечание"), "phones": ("phones", "телефоны"),
    "emails": ("e-mails", "адреса электронной почты"),
    "addresses": ("addresses and messengers", "адреса и мессенджеры"),
    "properties": ("properties and their history", "свойства и их история"),
    "people": ("contact persons", "контактные лица"), "contracts": ("contracts", "договоры"),
    "files": ("files", "файлы"), "changes": ("history of changes", "история изменений"),
    "calls": ("calls: number and name", "звонки: номер и имя"), "notes": ("notes", "заметки"),
    "tasks": ("tasks", "задачи"), "merges": ("records of merges", "записи об объединениях"),
    "work": ("duplicates, segments, choices", "дубли, сегменты, выбор номера"),
    "journal": ("journal", "журнал"), "mentions": ("mentions in other texts", "упоминания в других записях"),
}  # fmt: skip
CODES: Mapping[str, tuple[str, str]] = {  # values of columns
    "person": ("person", "физ. лицо"), "sole-trader": ("sole trader", "ИП"), "company": ("company", "компания"),
    "inbound": ("incoming", "входящий"), "outbound": ("outgoing", "исходящий"), "internal": ("internal", "внутренний"),
    "answered": ("answered", "отвечен"), "no-answer": ("no answer", "без ответа"), "busy": ("busy", "занято"),
    "rejected": ("declined", "отклонён"), "cancelled": ("caller hung up", "звонящий положил трубку"),
    "abandoned": ("left the queue", "не дождался в очереди"), "diverted": ("taken over", "перехвачен"),
    "voicemail": ("voicemail", "голосовая почта"), "failed": ("did not come about", "не состоялся"),
    "unfinished": ("end not seen", "конец не виден"), "talked": ("talked", "разговор"),
    "answered-elsewhere": ("somebody else answered", "ответил другой"), "unreachable": ("out of reach", "недоступен"),
    "transferred": ("transferred", "переведён"), "address": ("address", "адрес"), "site": ("site", "сайт"),
    "other": ("other", "другое"), "screen_pop": ("card", "карточка"), "view": ("looked", "просмотр"),
    "search": ("searched", "поиск"), "export": ("exported", "выгрузка"), "print": ("printed", "печать"),
    "change": ("changed", "изменение"), "callback": ("call back", "перезвонить"), "task": ("task", "задача"),
}  # fmt: skip
WAYS: Mapping[str, tuple[str, str]] = {
    "deleted": ("deleted", "удалено"),
    "emptied": ("made nameless", "обезличено"),
    "masked": ("masked", "заменено знаками •••"),
}


def say(words: Mapping[str, tuple[str, str]], code: str, language: Language, **args: object) -> str:
    """A word in a language; an unknown code as it is."""
    return words.get(code, (code, code))[language == "ru"].format_map(args)
