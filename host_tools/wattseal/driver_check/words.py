"""What the page of the driver's check says, in English and German, with blanks for values."""

from __future__ import annotations

import re

from wattseal.ocmf.findings import Language, Sentence

_RANGE = re.compile(
    r"\s*([A-Za-z*]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*"
)
_MAX_RANGES = 20


def choose(asked: str, accepted: str) -> Language:
    """The language asked for, else the best of Accept-Language (RFC 9110, 12.5.4), else English."""
    if asked in list(Language):
        return Language(asked)
    weights: dict[str, float] = {}
    for part in accepted.split(",")[:_MAX_RANGES]:
        found = _RANGE.fullmatch(part)
        if found:
            weights.setdefault(found[1].lower(), float(found[2] or 1))
    german, english = weights.get("de", 0), weights.get("en", weights.get("*", 0))
    return Language.GERMAN if german > english else Language.ENGLISH


WORDS: dict[str, Sentence] = {
    # The page.
    "title": Sentence("Check a charging session", "Ladevorgang prüfen"),
    "lead": Sentence(
        "See for yourself what your charging station measured: the check reads the signed "
        "readings, tests their signatures, and asks the registry whose key made them.",
        "Sehen Sie selbst, was Ihre Ladestation gemessen hat: Die Prüfung liest die signierten "
        "Messwerte, prüft ihre Signaturen und fragt das Register, wessen Schlüssel sie erzeugt "
        "hat.",
    ),
    "language": Sentence("Language", "Sprache"),
    "file_label": Sentence("File from your invoice", "Datei zu Ihrer Rechnung"),
    "file_hint": Sentence(
        "The bundle (zip) or the XML file of the transparency software.",
        "Das Paket (zip) oder die XML-Datei der Transparenzsoftware.",
    ),
    "text_label": Sentence("Or paste text", "Oder Text einfügen"),
    "text_hint": Sentence(
        "An OCMF text (it begins with OCMF|), the XML, or what a QR code holds.",
        "Ein OCMF-Text (er beginnt mit OCMF|), das XML oder der Inhalt eines QR-Codes.",
    ),
    "button": Sentence("Check", "Prüfen"),
    "on_server": Sentence(
        "What you give is sent to this server, checked in its memory, and forgotten.",
        "Was Sie angeben, wird an diesen Server gesendet, in seinem Speicher geprüft und "
        "vergessen.",
    ),
    "in_browser": Sentence(
        "The check runs in your browser. Your file is not uploaded; the registry is only asked "
        "about the key, the charge point and the time.",
        "Die Prüfung läuft in Ihrem Browser. Ihre Datei wird nicht hochgeladen; das Register wird "
        "nur nach Schlüssel, Ladepunkt und Zeitpunkt gefragt.",
    ),
    "in_browser_offline": Sentence(
        "The check runs in your browser, without a network. Your file is not uploaded, and no "
        "registry is asked.",
        "Die Prüfung läuft in Ihrem Browser, ohne Netz. Ihre Datei wird nicht hochgeladen, und "
        "kein Register wird gefragt.",
    ),
    "server_instead": Sentence("Check on the server instead", "Stattdessen auf dem Server prüfen"),
    "drop_hint": Sentence(
        "You can also drop the file anywhere on this page.",
        "Sie können die Datei auch auf diese Seite ziehen.",
    ),
    "working": Sentence("Checking …", "Wird geprüft …"),
    "results": Sentence("Result", "Ergebnis"),
    "offline_copy": Sentence(
        "Keep this check as one file that works without a network",
        "Diese Prüfung als eine Datei sichern, die ohne Netz arbeitet",
    ),
    "nothing_given": Sentence(
        "Nothing was given: choose a file or paste a text.",
        "Es wurde nichts angegeben: Wählen Sie eine Datei oder fügen Sie einen Text ein.",
    ),
    "too_large": Sentence(
        "This is larger than {limit} MiB, more than a bundle of one month takes.",
        "Das ist größer als {limit} MiB, mehr als ein Paket für einen Monat braucht.",
    ),
    "broken_upload": Sentence(
        "The upload did not arrive whole. Try again.",
        "Die Datei ist nicht vollständig angekommen. Versuchen Sie es noch einmal.",
    ),
    "browser_failed": Sentence(
        "The check stopped in your browser at something unexpected. Use the button to check on the "
        "server.",
        "Die Prüfung ist in Ihrem Browser unerwartet abgebrochen. Prüfen Sie stattdessen auf dem "
        "Server.",
    ),
    # Bundles.
    "bundle_malformed": Sentence(
        "The zip file is damaged or of an unknown kind. Load it again from where you got it.",
        "Die Zip-Datei ist beschädigt oder von unbekannter Art. Laden Sie sie noch einmal "
        "herunter.",
    ),
    "bundle_encrypted": Sentence(
        "The zip file is encrypted. Unpack it and check the XML files in it.",
        "Die Zip-Datei ist verschlüsselt. Entpacken Sie sie und prüfen Sie die XML-Dateien darin.",
    ),
    "bundle_too_many": Sentence(
        "The zip file holds more files than a bundle has. Unpack it and check the XML files in it.",
        "Die Zip-Datei enthält mehr Dateien, als ein Paket hat. Entpacken Sie sie und prüfen Sie "
        "die XML-Dateien darin.",
    ),
    "bundle_too_large": Sentence(
        "A file in the zip file is larger than signed readings are. It was not unpacked.",
        "Eine Datei in der Zip-Datei ist größer, als signierte Messwerte sind. Sie wurde nicht "
        "entpackt.",
    ),
    "bundle_name_repeated": Sentence(
        "Two files in the zip file have one name, so it can be read in two ways.",
        "Zwei Dateien in der Zip-Datei haben denselben Namen; sie lässt sich verschieden lesen.",
    ),
    "bundle_empty": Sentence(
        "The zip file holds no signed readings: no file whose name ends in .xml or .ocmf.",
        "Die Zip-Datei enthält keine signierten Messwerte: keine Datei, deren Name auf .xml oder "
        ".ocmf endet.",
    ),
    # The whole.
    "all_verified": Sentence(
        "All {count} sessions are verified.", "Alle {count} Ladevorgänge sind bestätigt."
    ),
    "some_verified": Sentence(
        "{verified} of {count} sessions are verified.",
        "{verified} von {count} Ladevorgängen sind bestätigt.",
    ),
    "compare": Sentence(
        "Compare the energy and the times with your invoice: prices are not part of this check.",
        "Vergleichen Sie Energie und Zeiten mit Ihrer Rechnung: Preise gehören nicht zu dieser "
        "Prüfung.",
    ),
    # Verdicts.
    "verified": Sentence("Verified", "Bestätigt"),
    "unaltered": Sentence("Unaltered, but not verified", "Unverändert, aber nicht bestätigt"),
    "not_verified": Sentence("Not verified", "Nicht bestätigt"),
    "unreadable": Sentence("Cannot be read", "Nicht lesbar"),
    "verified_why": Sentence(
        "The readings are exactly those that were signed at the charging station, and the registry "
        "confirms the key.",
        "Die Messwerte sind genau die, die an der Ladestation signiert wurden, und das Register "
        "bestätigt den Schlüssel.",
    ),
    "unaltered_why": Sentence(
        "Nothing was changed since the readings were signed, but it is not shown that the "
        "charging station's key signed them.",
        "Seit der Signatur wurde nichts verändert, aber es ist nicht gezeigt, dass der Schlüssel "
        "der Ladestation signiert hat.",
    ),
    "not_verified_why": Sentence(
        "These readings are no basis for a bill as they are. Show this result to whoever sent you "
        "the invoice.",
        "So sind diese Messwerte keine Grundlage für eine Rechnung. Zeigen Sie dieses Ergebnis "
        "dem Absender der Rechnung.",
    ),
    "unreadable_why": Sentence("Nothing could be checked.", "Es konnte nichts geprüft werden."),
    # Facts.
    "energy": Sentence("Energy", "Energie"),
    "begin": Sentence("Start", "Beginn"),
    "begin_value": Sentence("Meter at the start", "Zählerstand zu Beginn"),
    "end": Sentence("End", "Ende"),
    "end_value": Sentence("Meter at the end", "Zählerstand am Ende"),
    "duration": Sentence("Duration", "Dauer"),
    "charge_point": Sentence("Charge point", "Ladepunkt"),
    "meter": Sentence("Meter", "Zähler"),
    "module": Sentence("Signing module", "Signiermodul"),
    "identification": Sentence("Identification", "Identifikation"),
    "key": Sentence("Key (SHA-256)", "Schlüssel (SHA-256)"),
    "reading_only": Sentence(
        "Signed reading {number} is not part of a charging session.",
        "Der signierte Messwert {number} gehört zu keinem Ladevorgang.",
    ),
    # Why the key is trusted, or not.
    "trust_heading": Sentence("Whose key is it?", "Wessen Schlüssel ist das?"),
    "trusted": Sentence(
        "The registry lists this key for the charge point {evse_id}: valid from {begin} until "
        "{end}. The session lies within that time.",
        "Das Register führt diesen Schlüssel für den Ladepunkt {evse_id}: gültig von {begin} bis "
        "{end}. Der Ladevorgang liegt in dieser Zeit.",
    ),
    "now": Sentence("now", "heute"),
    "unknown": Sentence(
        "The records are unaltered, but the registry does not know their key: anybody could have "
        "made it.",
        "Die Datensätze sind unverändert, aber das Register kennt ihren Schlüssel nicht: Jeder "
        "könnte ihn erzeugt haben.",
    ),
    "other_station": Sentence(
        "The records name the charge point {found}, but the registry lists the key for {evse_id}.",
        "Die Datensätze nennen den Ladepunkt {found}, das Register führt den Schlüssel aber für "
        "{evse_id}.",
    ),
    "other_meter": Sentence(
        "The records name the meter {found}, but the registry lists the key of {evse_id} with the "
        "meter {expected}.",
        "Die Datensätze nennen den Zähler {found}, das Register führt den Schlüssel von {evse_id} "
        "aber mit dem Zähler {expected}.",
    ),
    "not_then": Sentence(
        "The registry lists this key for the charge point {evse_id}, but not at the time of the "
        "session: it was valid from {begin} until {end}.",
        "Das Register führt diesen Schlüssel für den Ladepunkt {evse_id}, aber nicht zur Zeit des "
        "Ladevorgangs: Er war gültig von {begin} bis {end}.",
    ),
    "not_asked": Sentence(
        "The records are unaltered; the origin of their key was not checked, as the registry could "
        "not be asked.",
        "Die Datensätze sind unverändert; die Herkunft ihres Schlüssels wurde nicht geprüft, da "
        "das Register nicht gefragt werden konnte.",
    ),
    "proof_wrong": Sentence(
        "The registry's answer is not proven by its log: {cause}. Tell the registry's operator.",
        "Die Antwort des Registers ist durch sein Logbuch nicht belegt: {cause}. Melden Sie das "
        "dem Betreiber des Registers.",
    ),
    "entry": Sentence(
        "Proof: entry {entry} of the public log.",
        "Beleg: Eintrag {entry} des öffentlichen Logbuchs.",
    ),
    "proof_checked": Sentence(
        "Your browser has checked that the entry is in the log of {size} entries that {name} has "
        "signed.",
        "Ihr Browser hat geprüft, dass der Eintrag in dem Logbuch mit {size} Einträgen steht, das "
        "{name} signiert hat.",
    ),
    "key_from_registry": Sentence(
        "The records came without a key; the registry's key for the charge point was used.",
        "Die Datensätze kamen ohne Schlüssel; verwendet wurde der Schlüssel, den das Register für "
        "den Ladepunkt führt.",
    ),
    # Findings.
    "errors_heading": Sentence("What is wrong", "Was nicht stimmt"),
    "warnings_heading": Sentence("Please note", "Bitte beachten"),
    # Causes of proof_wrong.
    "the entry is another key's": Sentence(
        "the entry is another key's", "der Eintrag gehört zu einem anderen Schlüssel"
    ),
    "the signature of the log is wrong": Sentence(
        "the signature of the log is wrong", "die Signatur des Logbuchs ist falsch"
    ),
    "the entry is not in the log": Sentence(
        "the entry is not in the log", "der Eintrag steht nicht im Logbuch"
    ),
    "the proof cannot be read": Sentence("the proof cannot be read", "der Beleg ist nicht lesbar"),
}
"""The sentences and labels, by name."""

MONTHS: dict[Language, tuple[str, ...]] = {
    Language.ENGLISH: (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
    Language.GERMAN: (
        "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
        "Oktober", "November", "Dezember",
    ),
}  # fmt: skip


def say(name: str, language: Language, **values: object) -> str:
    """A sentence or label with its blanks filled."""
    template: str = getattr(WORDS[name], language.value)
    return template.format(**values)
