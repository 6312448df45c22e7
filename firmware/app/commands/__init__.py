"""What each method of the link does; wire/methods.py says what goes in and comes out.

A command gets the module and checked params, and may rely on the module being in a state that
the method table allows. It returns the result's fields or raises.
"""

from app.commands import by_owner, charging, lists, publishing, setting_up, telling, updating

COMMANDS = {
    "hello": telling.hello,
    "status": telling.status,
    "public_key": telling.public_key,
    "self_test": telling.self_test,
    "configure": setting_up.configure,
    "set_time": setting_up.set_time,
    "read_meter": setting_up.read_meter,
    "seal": setting_up.seal,
    "begin": charging.begin,
    "intermediate": charging.intermediate,
    "end": charging.end,
    "records": lists.records,
    "release": lists.release,
    "events": lists.events,
    "statements": lists.statements,
    "challenge": by_owner.challenge,
    "unseal": by_owner.unseal,
    "archive_events": by_owner.archive_events,
    "decommission": by_owner.decommission,
    "prove": publishing.prove,
    "event_head": publishing.event_head,
    "accept_publication": publishing.accept_publication,
    "check_update": updating.check_update,
    "enter_boot_loader": updating.enter_boot_loader,
}
