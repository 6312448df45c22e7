"""The words of the statement and of its instructions."""

from __future__ import annotations

from wattseal.cdr.findings import Language

MONTHS: dict[Language, tuple[str, ...]] = {
    "en": (
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    ),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
        *("August", "September", "Oktober", "November", "Dezember"),
    ),
}

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Charging sessions",
        "driver": "Token or contract",
        "issuer": "Issued by",
        "number": "No.",
        "end": "End",
        "begin": "Begin",
        "place": "Place",
        "energy": "Energy",
        "amount": "Amount",
        "charged": "charged",
        "not_billable": "not charged",
        "credited": "cancelled",
        "total": "Total",
        "total_energy": "Energy charged for",
        "not_charged": "Sessions not charged",
        "not_charged_because": "Not charged:",
        "session": "Session",
        "evse": "Charge point",
        "meter": "Meter",
        "key": "Public key",
        "signature": "Signature",
        "unsigned": "This charge point does not sign its readings; the energy is the operator's.",
        "price": "Price x signed energy",
        "tax": "Tax",
        "files": "Files",
        "rounding": "Every amount is the price of a kilowatt-hour times the signed energy: end"
        " reading minus begin reading, with all its digits. The amount of each price is rounded"
        " half up to four decimals; after tax, a session is rounded half up to two. The total is"
        " the sum of the sessions.",
        "check_title": "How to check a session",
        "check": "Unpack this bundle. Each session has a folder of its own with transaction.xml,"
        " the signed readings, and public-key.hex, the key of the charge point's signing module.\n"
        "Compare the key with the one that is printed on the charging station or published for it:"
        " a key proves something only if it is that of the charge point.\n"
        "Open transaction.xml with the transparency software of S.A.F.E. (transparenz.software)."
        " It must say that the readings are verified.\n"
        "Compare what it shows with this page: the readings, the times, the energy.\n"
        "Or use the open tool: wattseal verify FOLDER/transaction.xml --key"
        " FOLDER/public-key.hex.\n"
        "Or drop the bundle on the checking page of the public-key registry; it also says since"
        " when the key is registered for the charge point.",
    },
    "de": {
        "title": "Ladevorgänge",
        "driver": "Token oder Vertrag",
        "issuer": "Ausgestellt von",
        "number": "Nr.",
        "end": "Ende",
        "begin": "Beginn",
        "place": "Ort",
        "energy": "Energie",
        "amount": "Betrag",
        "charged": "berechnet",
        "not_billable": "nicht berechnet",
        "credited": "storniert",
        "total": "Summe",
        "total_energy": "Berechnete Energie",
        "not_charged": "Nicht berechnete Ladevorgänge",
        "not_charged_because": "Nicht berechnet:",
        "session": "Ladevorgang",
        "evse": "Ladepunkt",
        "meter": "Zähler",
        "key": "Öffentlicher Schlüssel",
        "signature": "Signatur",
        "unsigned": "Dieser Ladepunkt signiert seine Messwerte nicht; die Energie nennt der"
        " Betreiber.",
        "price": "Preis x signierte Energie",
        "tax": "Steuer",
        "files": "Dateien",
        "rounding": "Jeder Betrag ist der Preis einer Kilowattstunde mal der signierten Energie:"
        " Endwert minus Anfangswert mit allen Stellen. Der Betrag zu jedem Preis ist kaufmännisch"
        " auf vier Stellen gerundet, der Ladevorgang nach der Steuer auf zwei. Die Summe ist die"
        " der Ladevorgänge.",
        "check_title": "So prüfen Sie einen Ladevorgang",
        "check": "Entpacken Sie dieses Paket. Jeder Ladevorgang hat einen eigenen Ordner mit"
        " transaction.xml, den signierten Messwerten, und public-key.hex, dem Schlüssel des"
        " Signiermoduls im Ladepunkt.\n"
        "Vergleichen Sie den Schlüssel mit dem, der an der Ladestation steht oder für sie"
        " veröffentlicht ist: Ein Schlüssel beweist nur dann etwas, wenn er der des Ladepunkts"
        " ist.\n"
        "Öffnen Sie transaction.xml mit der Transparenzsoftware des S.A.F.E. e. V."
        " (transparenz.software). Sie muss die Messwerte als verifiziert bezeichnen.\n"
        "Vergleichen Sie, was sie zeigt, mit dieser Seite: Messwerte, Zeiten, Energie.\n"
        "Oder nehmen Sie das freie Werkzeug: wattseal verify ORDNER/transaction.xml --key"
        " ORDNER/public-key.hex.\n"
        "Oder ziehen Sie das Paket auf die Prüfseite des Registers der öffentlichen Schlüssel; sie"
        " sagt auch, seit wann der Schlüssel für den Ladepunkt registriert ist.",
    },
}
