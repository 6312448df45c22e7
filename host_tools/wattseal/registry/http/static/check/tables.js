/** What both checks share; wattseal.registry.http.check.javascript wrote it. */
export const CODES = [
 "file_unreadable",
 "file_too_large",
 "xml_malformed",
 "no_record",
 "too_many_records",
 "record_malformed",
 "key_missing",
 "key_unreadable",
 "key_wrong_curve",
 "key_not_signer",
 "key_differs",
 "algorithm_unsupported",
 "signature_malformed",
 "signature_mismatch",
 "payload_malformed",
 "payload_ambiguous",
 "begin_missing",
 "begin_repeated",
 "begin_holds_end",
 "end_missing",
 "end_repeated",
 "end_holds_begin",
 "context_mismatch",
 "register_not_billable",
 "gateway_serial_differs",
 "meter_serial_differs",
 "register_differs",
 "unit_differs",
 "event_counter_differs",
 "pagination_context_differs",
 "pagination_reversed",
 "unit_not_energy",
 "value_missing",
 "value_out_of_range",
 "energy_decreased",
 "time_reversed",
 "time_status_wrong",
 "meter_status",
 "energy_error_flag",
 "identification_level",
 "transaction_incomplete",
 "identification_differs",
 "pagination_repeated",
 "pagination_gap",
 "pagination_unreadable",
 "exception_reading",
 "time_error_flag",
 "time_not_synchronised",
 "transaction_id_not_integer",
 "record_repeated",
 "hash_label_ignored",
 "format_deviation"
];
export const WARNINGS = [
 "transaction_incomplete",
 "identification_differs",
 "pagination_repeated",
 "pagination_gap",
 "pagination_unreadable",
 "exception_reading",
 "time_error_flag",
 "time_not_synchronised",
 "transaction_id_not_integer",
 "record_repeated",
 "hash_label_ignored",
 "format_deviation"
];
export const UNREADABLE = [
 "file_unreadable",
 "file_too_large",
 "xml_malformed",
 "no_record",
 "too_many_records",
 "record_malformed"
];
export const SENTENCES = {
 "file_unreadable": {
  "en": "The file cannot be read: {cause:word}.",
  "de": "Die Datei kann nicht gelesen werden ({cause:word})."
 },
 "file_too_large": {
  "en": "The file is larger than {limit}.",
  "de": "Die Datei ist größer als {limit}."
 },
 "xml_malformed": {
  "en": "The XML cannot be read: {cause:word}.",
  "de": "Das XML kann nicht gelesen werden ({cause:word})."
 },
 "no_record": {
  "en": "There is no OCMF record here: neither an OCMF string, nor its hex or base64, nor XML with a signed value.",
  "de": "Hier ist kein OCMF-Datensatz: weder ein OCMF-Text noch dessen Hex- oder Base64-Form noch XML mit einem signierten Messwert."
 },
 "too_many_records": {
  "en": "The file holds more than {limit} records; split it.",
  "de": "Die Datei enthält mehr als {limit} Datensätze; teilen Sie sie auf."
 },
 "record_malformed": {
  "en": "The record cannot be read: {cause:word}.",
  "de": "Der Datensatz kann nicht gelesen werden ({cause:word})."
 },
 "key_missing": {
  "en": "There is no public key with the record; give the published key of the signing module.",
  "de": "Dem Datensatz liegt kein öffentlicher Schlüssel bei; geben Sie den veröffentlichten Schlüssel des Signiermoduls an."
 },
 "key_unreadable": {
  "en": "The public key cannot be read: {cause:word}.",
  "de": "Der öffentliche Schlüssel kann nicht gelesen werden ({cause:word})."
 },
 "key_wrong_curve": {
  "en": "The record is signed on the curve {expected}, the key is on {found}: it is not the signer's key.",
  "de": "Der Datensatz ist auf der Kurve {expected} signiert, der Schlüssel liegt auf {found}: Er gehört nicht zu dieser Signatur."
 },
 "key_not_signer": {
  "en": "The record is unaltered, but its key is wrong: it was signed with the key {found}, not with {expected}.",
  "de": "Der Datensatz ist unverändert, aber der Schlüssel ist falsch: Signiert wurde mit dem Schlüssel {found}, nicht mit {expected}."
 },
 "key_differs": {
  "en": "The public key with the record, {found}, is not the expected one, {expected}.",
  "de": "Der öffentliche Schlüssel beim Datensatz, {found}, ist nicht der erwartete, {expected}."
 },
 "algorithm_unsupported": {
  "en": "The signature algorithm {algorithm} is none of OCMF's: ECDSA with SHA-256 on one of its curves.",
  "de": "Das Signaturverfahren {algorithm} ist keines von OCMF: ECDSA mit SHA-256 auf einer seiner Kurven."
 },
 "signature_malformed": {
  "en": "The signature cannot be read: {cause:word}.",
  "de": "Die Signatur kann nicht gelesen werden ({cause:word})."
 },
 "signature_mismatch": {
  "en": "The signature does not fit: the payload or the signature was altered, or another key made it.",
  "de": "Die Signatur passt nicht: Die Messdaten oder die Signatur wurden verändert, oder sie stammt von einem anderen Schlüssel."
 },
 "payload_malformed": {
  "en": "The payload of the record cannot be read: {cause:word}.",
  "de": "Der Inhalt des Datensatzes kann nicht gelesen werden ({cause:word})."
 },
 "payload_ambiguous": {
  "en": "The payload holds {field} twice: readers may disagree.",
  "de": "Der Inhalt des Datensatzes führt {field} zweimal: Er lässt sich verschieden lesen."
 },
 "begin_missing": {
  "en": "The transaction has no begin reading.",
  "de": "Dem Ladevorgang fehlt der Startwert."
 },
 "begin_repeated": {
  "en": "There are {count} begin readings; one is allowed.",
  "de": "Es gibt {count} Startwerte; nur einer ist erlaubt."
 },
 "begin_holds_end": {
  "en": "One of several records of the transaction holds both begin and end.",
  "de": "Einer von mehreren Datensätzen des Ladevorgangs enthält Startwert und Endwert zugleich."
 },
 "end_missing": {
  "en": "The transaction has no end reading.",
  "de": "Dem Ladevorgang fehlt der Endwert."
 },
 "end_repeated": {
  "en": "There are {count} end readings; one is allowed.",
  "de": "Es gibt {count} Endwerte; nur einer ist erlaubt."
 },
 "end_holds_begin": {
  "en": "The end record of the transaction holds a begin reading, too.",
  "de": "Der Datensatz zum Ende des Ladevorgangs enthält auch einen Startwert."
 },
 "context_mismatch": {
  "en": "The record is given as that of the {expected:word} reading, but holds the {found:word} reading.",
  "de": "Der Datensatz ist als {expected:word} bezeichnet, enthält aber den {found:word}."
 },
 "register_not_billable": {
  "en": "The {reading:word} reading is of register {register}, which is not for billing.",
  "de": "Der {reading:word} stammt aus dem Register {register}, nach dem nicht abgerechnet wird."
 },
 "gateway_serial_differs": {
  "en": "The serial number of the signing module changes from {begin} to {end}.",
  "de": "Die Seriennummer des Signiermoduls wechselt von {begin} zu {end}."
 },
 "meter_serial_differs": {
  "en": "The serial number of the meter changes from {begin} to {end}.",
  "de": "Die Seriennummer des Zählers wechselt von {begin} zu {end}."
 },
 "register_differs": {
  "en": "The register changes from {begin} to {end}.",
  "de": "Das Register (OBIS-Kennzahl) wechselt von {begin} zu {end}."
 },
 "unit_differs": {
  "en": "The unit changes from {begin} to {end}.",
  "de": "Die Einheit wechselt von {begin} zu {end}."
 },
 "event_counter_differs": {
  "en": "The event counter changes from {begin} to {end}.",
  "de": "Der Ereigniszähler wechselt von {begin} zu {end}."
 },
 "pagination_context_differs": {
  "en": "The paginations {expected} and {found} count in different contexts: T is for transactions, F is fiscal.",
  "de": "Die Paginierungen {expected} und {found} zählen Verschiedenes: T zählt Ladevorgänge, F eichrechtliche Ablesungen."
 },
 "pagination_reversed": {
  "en": "By its pagination, the end {end} comes before the begin {begin}.",
  "de": "Nach der Paginierung kommt das Ende {end} vor dem Beginn {begin}."
 },
 "unit_not_energy": {
  "en": "The {reading:word} reading is in {unit}; energy is in kWh or Wh.",
  "de": "Der {reading:word} hat die Einheit {unit}; Energie steht in kWh oder Wh."
 },
 "value_missing": {
  "en": "The {reading:word} reading has no value.",
  "de": "Der {reading:word} enthält keinen Zählerstand."
 },
 "value_out_of_range": {
  "en": "The value of the {reading:word} reading, {value}, is no meter's.",
  "de": "Der Zählerstand beim {reading:word}, {value}, kann von keinem Zähler stammen."
 },
 "energy_decreased": {
  "en": "The energy went back from {begin} to {end}.",
  "de": "Der Zählerstand ist von {begin} auf {end} gesunken."
 },
 "time_reversed": {
  "en": "By their times, the end does not follow the begin: {begin} is the begin, {end} the end.",
  "de": "Nach den Zeitangaben folgt das Ende nicht auf den Beginn: {begin} ist der Beginn, {end} das Ende."
 },
 "time_status_wrong": {
  "en": "The time of the {reading:word} reading cannot be judged: {cause:word}.",
  "de": "Die Zeitangabe beim {reading:word} lässt sich nicht beurteilen: {cause:word}."
 },
 "meter_status": {
  "en": "The meter's status at the {reading:word} reading is {found}, not {expected} (good).",
  "de": "Der Zähler meldet beim {reading:word} den Status {found}, nicht {expected} (in Ordnung)."
 },
 "energy_error_flag": {
  "en": "The {reading:word} reading is flagged: energy not usable for billing (EF E).",
  "de": "Der {reading:word} trägt ein Fehlerkennzeichen: Die Energie darf nicht abgerechnet werden (EF E)."
 },
 "identification_level": {
  "en": "The user's assignment failed: IL is {level} at the {reading:word} reading.",
  "de": "Der Ladevorgang ließ sich keinem Nutzer zuordnen: IL ist {level} beim {reading:word}."
 },
 "transaction_incomplete": {
  "en": "There is no {reading:word} reading here: energy needs begin and end.",
  "de": "Hier fehlt der {reading:word}: Die Energie ergibt sich erst aus Startwert und Endwert."
 },
 "identification_differs": {
  "en": "The {field:word} changes from {begin} to {end}.",
  "de": "Die {field:word} wechselt von {begin} zu {end}."
 },
 "pagination_repeated": {
  "en": "Two records have one pagination, {pagination}; each should have its own.",
  "de": "Zwei Datensätze haben dieselbe Paginierung, {pagination}; jeder sollte eine eigene haben."
 },
 "pagination_gap": {
  "en": "Between {begin} and {end}, {count} record(s) are not here: intermediate readings, or another session.",
  "de": "Zwischen {begin} und {end} fehlen hier Datensätze, und zwar {count}: Zwischenwerte oder ein anderer Ladevorgang."
 },
 "pagination_unreadable": {
  "en": "The pagination {pagination} is not T or F and a number.",
  "de": "Die Paginierung {pagination} besteht nicht aus T oder F und einer Zahl."
 },
 "exception_reading": {
  "en": "An error during charging is recorded (TX X): see the operator's records.",
  "de": "Während des Ladens ist ein Fehler aufgezeichnet (TX X): Näheres weiß der Betreiber."
 },
 "time_error_flag": {
  "en": "The {reading:word} reading is flagged: time not usable for billing (EF t).",
  "de": "Der {reading:word} trägt ein Fehlerkennzeichen: Nach der Zeit darf nicht abgerechnet werden (EF t)."
 },
 "time_not_synchronised": {
  "en": "The clock at the {reading:word} reading is {state:word}, not synchronised: do not bill by time.",
  "de": "Die Uhr war beim {reading:word} {state:word}: Nach der Zeit sollte nicht abgerechnet werden."
 },
 "transaction_id_not_integer": {
  "en": "The transactionId {found} is not an integer, which other verifiers refuse.",
  "de": "Die transactionId {found} ist keine ganze Zahl; andere Prüfprogramme lehnen das ab."
 },
 "record_repeated": {
  "en": "The value is the same as value {number}.",
  "de": "Der Messwert ist derselbe wie Messwert {number}."
 },
 "hash_label_ignored": {
  "en": "The record names the hash {found}; OCMF signs over {expected}.",
  "de": "Der Datensatz nennt das Hashverfahren {found}; OCMF signiert über {expected}."
 },
 "format_deviation": {
  "en": "The record deviates from the OCMF standard, which the field tolerates: {cause:word}.",
  "de": "Der Datensatz weicht vom OCMF-Standard ab, was allgemein geduldet wird ({cause:word})."
 }
};
export const SENTENCE_WORDS = {
 "begin": "Startwert",
 "end": "Endwert",
 "identification": "Identifikation",
 "type of the identification": "Art der Identifikation",
 "unknown": "in unbekanntem Zustand",
 "informative": "nur informativ und nicht synchronisiert",
 "the letter of the clock's status is missing": "Der Buchstabe für den Zustand der Uhr fehlt",
 "its offset from UTC is missing": "Der Abstand zu UTC fehlt",
 "it is not relative (R), but that of the begin is": "Sie ist nicht relativ (R), die beim Startwert aber schon",
 "it is not of the form OCMF|payload|signature": "er hat nicht die Form OCMF|Inhalt|Signatur",
 "it holds characters that no encoding can carry": "er enthält unzulässige Zeichen",
 "its signature section is not well-formed JSON": "sein Signaturteil ist unvollständig oder kein gültiges JSON",
 "its signature section is not a JSON object": "sein Signaturteil ist kein JSON-Objekt",
 "it is not well-formed JSON": "er ist unvollständig oder kein gültiges JSON",
 "it is not a JSON object": "er ist kein JSON-Objekt",
 "it does not follow OCMF": "er folgt nicht dem OCMF-Standard",
 "No such file or directory": "es gibt sie nicht",
 "Is a directory": "sie ist ein Verzeichnis",
 "Permission denied": "der Zugriff auf sie ist nicht erlaubt",
 "it is a damaged zip file, or one of an unknown kind": "sie ist eine beschädigte Zip-Datei oder eine von unbekannter Art",
 "it is an encrypted zip file; unpack it first": "sie ist eine verschlüsselte Zip-Datei; entpacken Sie sie zuerst",
 "it is a zip file of more files than a bundle has; unpack it first": "sie ist eine Zip-Datei mit mehr Dateien, als ein Paket hat; entpacken Sie sie zuerst",
 "a file in the zip file is larger than signed readings are": "eine Datei in der Zip-Datei ist größer, als signierte Messwerte sind",
 "two files in the zip file have one name": "zwei Dateien in der Zip-Datei haben denselben Namen",
 "it is a zip file without .xml and .ocmf files": "sie ist eine Zip-Datei ohne .xml- und .ocmf-Dateien",
 "it declares a document type or entities, which is refused": "es vereinbart einen Dokumenttyp oder Entitäten, was abgelehnt wird",
 "its encoding is unknown": "seine Zeichencodierung ist unbekannt",
 "it is empty": "er ist leer",
 "it is neither hex nor base64 nor PEM": "er ist weder Hex noch Base64 noch PEM",
 "it is not a key for elliptic curves": "er ist kein Schlüssel für elliptische Kurven",
 "it is not SubjectPublicKeyInfo in DER": "er ist unvollständig oder kein SubjectPublicKeyInfo in DER",
 "bytes follow the end of the key": "nach seinem Ende folgen weitere Bytes",
 "its point is in no form that SEC 1 defines": "sein Punkt hat keine Form von SEC 1",
 "it is not an ECDSA signature in DER": "sie ist keine ECDSA-Signatur in DER",
 "SD is not hex": "SD ist kein Hex",
 "SD is not base64": "SD ist kein Base64"
};
export const ABSENT = {
 "en": "(none)",
 "de": "(keine Angabe)"
};
export const PAGE_WORDS = {
 "title": {
  "en": "Check a charging session",
  "de": "Ladevorgang prüfen"
 },
 "lead": {
  "en": "See for yourself what your charging station measured: the check reads the signed readings, tests their signatures, and asks the registry whose key made them.",
  "de": "Sehen Sie selbst, was Ihre Ladestation gemessen hat: Die Prüfung liest die signierten Messwerte, prüft ihre Signaturen und fragt das Register, wessen Schlüssel sie erzeugt hat."
 },
 "language": {
  "en": "Language",
  "de": "Sprache"
 },
 "file_label": {
  "en": "File from your invoice",
  "de": "Datei zu Ihrer Rechnung"
 },
 "file_hint": {
  "en": "The bundle (zip) or the XML file of the transparency software.",
  "de": "Das Paket (zip) oder die XML-Datei der Transparenzsoftware."
 },
 "text_label": {
  "en": "Or paste text",
  "de": "Oder Text einfügen"
 },
 "text_hint": {
  "en": "An OCMF text (it begins with OCMF|), the XML, or what a QR code holds.",
  "de": "Ein OCMF-Text (er beginnt mit OCMF|), das XML oder der Inhalt eines QR-Codes."
 },
 "button": {
  "en": "Check",
  "de": "Prüfen"
 },
 "on_server": {
  "en": "What you give is sent to this server, checked in its memory, and forgotten.",
  "de": "Was Sie angeben, wird an diesen Server gesendet, in seinem Speicher geprüft und vergessen."
 },
 "in_browser": {
  "en": "The check runs in your browser. Your file is not uploaded; the registry is only asked about the key, the charge point and the time.",
  "de": "Die Prüfung läuft in Ihrem Browser. Ihre Datei wird nicht hochgeladen; das Register wird nur nach Schlüssel, Ladepunkt und Zeitpunkt gefragt."
 },
 "in_browser_offline": {
  "en": "The check runs in your browser, without a network. Your file is not uploaded, and no registry is asked.",
  "de": "Die Prüfung läuft in Ihrem Browser, ohne Netz. Ihre Datei wird nicht hochgeladen, und kein Register wird gefragt."
 },
 "server_instead": {
  "en": "Check on the server instead",
  "de": "Stattdessen auf dem Server prüfen"
 },
 "drop_hint": {
  "en": "You can also drop the file anywhere on this page.",
  "de": "Sie können die Datei auch auf diese Seite ziehen."
 },
 "working": {
  "en": "Checking …",
  "de": "Wird geprüft …"
 },
 "results": {
  "en": "Result",
  "de": "Ergebnis"
 },
 "offline_copy": {
  "en": "Keep this check as one file that works without a network",
  "de": "Diese Prüfung als eine Datei sichern, die ohne Netz arbeitet"
 },
 "nothing_given": {
  "en": "Nothing was given: choose a file or paste a text.",
  "de": "Es wurde nichts angegeben: Wählen Sie eine Datei oder fügen Sie einen Text ein."
 },
 "too_large": {
  "en": "This is larger than {limit} MiB, more than a bundle of one month takes.",
  "de": "Das ist größer als {limit} MiB, mehr als ein Paket für einen Monat braucht."
 },
 "broken_upload": {
  "en": "The upload did not arrive whole. Try again.",
  "de": "Die Datei ist nicht vollständig angekommen. Versuchen Sie es noch einmal."
 },
 "browser_failed": {
  "en": "The check stopped in your browser at something unexpected. Use the button to check on the server.",
  "de": "Die Prüfung ist in Ihrem Browser unerwartet abgebrochen. Prüfen Sie stattdessen auf dem Server."
 },
 "bundle_malformed": {
  "en": "The zip file is damaged or of an unknown kind. Load it again from where you got it.",
  "de": "Die Zip-Datei ist beschädigt oder von unbekannter Art. Laden Sie sie noch einmal herunter."
 },
 "bundle_encrypted": {
  "en": "The zip file is encrypted. Unpack it and check the XML files in it.",
  "de": "Die Zip-Datei ist verschlüsselt. Entpacken Sie sie und prüfen Sie die XML-Dateien darin."
 },
 "bundle_too_many": {
  "en": "The zip file holds more files than a bundle has. Unpack it and check the XML files in it.",
  "de": "Die Zip-Datei enthält mehr Dateien, als ein Paket hat. Entpacken Sie sie und prüfen Sie die XML-Dateien darin."
 },
 "bundle_too_large": {
  "en": "A file in the zip file is larger than signed readings are. It was not unpacked.",
  "de": "Eine Datei in der Zip-Datei ist größer, als signierte Messwerte sind. Sie wurde nicht entpackt."
 },
 "bundle_name_repeated": {
  "en": "Two files in the zip file have one name, so it can be read in two ways.",
  "de": "Zwei Dateien in der Zip-Datei haben denselben Namen; sie lässt sich verschieden lesen."
 },
 "bundle_empty": {
  "en": "The zip file holds no signed readings: no file whose name ends in .xml or .ocmf.",
  "de": "Die Zip-Datei enthält keine signierten Messwerte: keine Datei, deren Name auf .xml oder .ocmf endet."
 },
 "all_verified": {
  "en": "All {count} sessions are verified.",
  "de": "Alle {count} Ladevorgänge sind bestätigt."
 },
 "some_verified": {
  "en": "{verified} of {count} sessions are verified.",
  "de": "{verified} von {count} Ladevorgängen sind bestätigt."
 },
 "compare": {
  "en": "Compare the energy and the times with your invoice: prices are not part of this check.",
  "de": "Vergleichen Sie Energie und Zeiten mit Ihrer Rechnung: Preise gehören nicht zu dieser Prüfung."
 },
 "verified": {
  "en": "Verified",
  "de": "Bestätigt"
 },
 "unaltered": {
  "en": "Unaltered, but not verified",
  "de": "Unverändert, aber nicht bestätigt"
 },
 "not_verified": {
  "en": "Not verified",
  "de": "Nicht bestätigt"
 },
 "unreadable": {
  "en": "Cannot be read",
  "de": "Nicht lesbar"
 },
 "verified_why": {
  "en": "The readings are exactly those that were signed at the charging station, and the registry confirms the key.",
  "de": "Die Messwerte sind genau die, die an der Ladestation signiert wurden, und das Register bestätigt den Schlüssel."
 },
 "unaltered_why": {
  "en": "Nothing was changed since the readings were signed, but it is not shown that the charging station's key signed them.",
  "de": "Seit der Signatur wurde nichts verändert, aber es ist nicht gezeigt, dass der Schlüssel der Ladestation signiert hat."
 },
 "not_verified_why": {
  "en": "These readings are no basis for a bill as they are. Show this result to whoever sent you the invoice.",
  "de": "So sind diese Messwerte keine Grundlage für eine Rechnung. Zeigen Sie dieses Ergebnis dem Absender der Rechnung."
 },
 "unreadable_why": {
  "en": "Nothing could be checked.",
  "de": "Es konnte nichts geprüft werden."
 },
 "energy": {
  "en": "Energy",
  "de": "Energie"
 },
 "begin": {
  "en": "Start",
  "de": "Beginn"
 },
 "begin_value": {
  "en": "Meter at the start",
  "de": "Zählerstand zu Beginn"
 },
 "end": {
  "en": "End",
  "de": "Ende"
 },
 "end_value": {
  "en": "Meter at the end",
  "de": "Zählerstand am Ende"
 },
 "duration": {
  "en": "Duration",
  "de": "Dauer"
 },
 "charge_point": {
  "en": "Charge point",
  "de": "Ladepunkt"
 },
 "meter": {
  "en": "Meter",
  "de": "Zähler"
 },
 "module": {
  "en": "Signing module",
  "de": "Signiermodul"
 },
 "identification": {
  "en": "Identification",
  "de": "Identifikation"
 },
 "key": {
  "en": "Key (SHA-256)",
  "de": "Schlüssel (SHA-256)"
 },
 "reading_only": {
  "en": "Signed reading {number} is not part of a charging session.",
  "de": "Der signierte Messwert {number} gehört zu keinem Ladevorgang."
 },
 "trust_heading": {
  "en": "Whose key is it?",
  "de": "Wessen Schlüssel ist das?"
 },
 "trusted": {
  "en": "The registry lists this key for the charge point {evse_id}: valid from {begin} until {end}. The session lies within that time.",
  "de": "Das Register führt diesen Schlüssel für den Ladepunkt {evse_id}: gültig von {begin} bis {end}. Der Ladevorgang liegt in dieser Zeit."
 },
 "now": {
  "en": "now",
  "de": "heute"
 },
 "unknown": {
  "en": "The records are unaltered, but the registry does not know their key: anybody could have made it.",
  "de": "Die Datensätze sind unverändert, aber das Register kennt ihren Schlüssel nicht: Jeder könnte ihn erzeugt haben."
 },
 "other_station": {
  "en": "The records name the charge point {found}, but the registry lists the key for {evse_id}.",
  "de": "Die Datensätze nennen den Ladepunkt {found}, das Register führt den Schlüssel aber für {evse_id}."
 },
 "other_meter": {
  "en": "The records name the meter {found}, but the registry lists the key of {evse_id} with the meter {expected}.",
  "de": "Die Datensätze nennen den Zähler {found}, das Register führt den Schlüssel von {evse_id} aber mit dem Zähler {expected}."
 },
 "not_then": {
  "en": "The registry lists this key for the charge point {evse_id}, but not at the time of the session: it was valid from {begin} until {end}.",
  "de": "Das Register führt diesen Schlüssel für den Ladepunkt {evse_id}, aber nicht zur Zeit des Ladevorgangs: Er war gültig von {begin} bis {end}."
 },
 "not_asked": {
  "en": "The records are unaltered; the origin of their key was not checked, as the registry could not be asked.",
  "de": "Die Datensätze sind unverändert; die Herkunft ihres Schlüssels wurde nicht geprüft, da das Register nicht gefragt werden konnte."
 },
 "proof_wrong": {
  "en": "The registry's answer is not proven by its log: {cause}. Tell the registry's operator.",
  "de": "Die Antwort des Registers ist durch sein Logbuch nicht belegt: {cause}. Melden Sie das dem Betreiber des Registers."
 },
 "entry": {
  "en": "Proof: entry {entry} of the public log.",
  "de": "Beleg: Eintrag {entry} des öffentlichen Logbuchs."
 },
 "proof_checked": {
  "en": "Your browser has checked that the entry is in the log of {size} entries that {name} has signed.",
  "de": "Ihr Browser hat geprüft, dass der Eintrag in dem Logbuch mit {size} Einträgen steht, das {name} signiert hat."
 },
 "key_from_registry": {
  "en": "The records came without a key; the registry's key for the charge point was used.",
  "de": "Die Datensätze kamen ohne Schlüssel; verwendet wurde der Schlüssel, den das Register für den Ladepunkt führt."
 },
 "errors_heading": {
  "en": "What is wrong",
  "de": "Was nicht stimmt"
 },
 "warnings_heading": {
  "en": "Please note",
  "de": "Bitte beachten"
 },
 "the entry is another key's": {
  "en": "the entry is another key's",
  "de": "der Eintrag gehört zu einem anderen Schlüssel"
 },
 "the signature of the log is wrong": {
  "en": "the signature of the log is wrong",
  "de": "die Signatur des Logbuchs ist falsch"
 },
 "the entry is not in the log": {
  "en": "the entry is not in the log",
  "de": "der Eintrag steht nicht im Logbuch"
 },
 "the proof cannot be read": {
  "en": "the proof cannot be read",
  "de": "der Beleg ist nicht lesbar"
 }
};
export const MONTHS = {
 "en": [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December"
 ],
 "de": [
  "Januar",
  "Februar",
  "März",
  "April",
  "Mai",
  "Juni",
  "Juli",
  "August",
  "September",
  "Oktober",
  "November",
  "Dezember"
 ]
};
export const LIMITS = {
 "formBytes": 4194304,
 "fileBytes": 1048576,
 "records": 2000,
 "shownCharacters": 60,
 "causeCharacters": 200,
 "nameCharacters": 100,
 "keyTextCharacters": 4096,
 "otherKeys": 4,
 "valuesForRecovery": 16,
 "bundleEntries": 1000,
 "bundleFiles": 100,
 "bundleBytes": 16777216,
 "toleranceMs": 300000
};
export const CURVES = [
 {
  "name": "secp192k1",
  "synonyms": [],
  "oid": "1.3.132.0.31",
  "p": "0xfffffffffffffffffffffffffffffffffffffffeffffee37",
  "a": "0x0",
  "b": "0x3",
  "gx": "0xdb4ff10ec057e9ae26b07d0280b7f4341da5d1b1eae06c7d",
  "gy": "0x9b2f2f6d9c5628a7844163d015be86344082aa88d95e2f9d",
  "n": "0xfffffffffffffffffffffffe26f2fc170f69466a74defd8d"
 },
 {
  "name": "secp256k1",
  "synonyms": [],
  "oid": "1.3.132.0.10",
  "p": "0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
  "a": "0x0",
  "b": "0x7",
  "gx": "0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
  "gy": "0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
  "n": "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
 },
 {
  "name": "secp192r1",
  "synonyms": [],
  "oid": "1.2.840.10045.3.1.1",
  "p": "0xfffffffffffffffffffffffffffffffeffffffffffffffff",
  "a": "0xfffffffffffffffffffffffffffffffefffffffffffffffc",
  "b": "0x64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1",
  "gx": "0x188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012",
  "gy": "0x7192b95ffc8da78631011ed6b24cdd573f977a11e794811",
  "n": "0xffffffffffffffffffffffff99def836146bc9b1b4d22831"
 },
 {
  "name": "secp256r1",
  "synonyms": [],
  "oid": "1.2.840.10045.3.1.7",
  "p": "0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
  "a": "0xffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
  "b": "0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
  "gx": "0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
  "gy": "0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
  "n": "0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
 },
 {
  "name": "secp384r1",
  "synonyms": [],
  "oid": "1.3.132.0.34",
  "p": "0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
  "a": "0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
  "b": "0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
  "gx": "0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
  "gy": "0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
  "n": "0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
 },
 {
  "name": "brainpool256r1",
  "synonyms": [
   "brainpoolP256r1"
  ],
  "oid": "1.3.36.3.3.2.8.1.1.7",
  "p": "0xa9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
  "a": "0x7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
  "b": "0x26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
  "gx": "0x8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
  "gy": "0x547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
  "n": "0xa9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7"
 },
 {
  "name": "brainpool384r1",
  "synonyms": [
   "brainpoolP384r1"
  ],
  "oid": "1.3.36.3.3.2.8.1.1.11",
  "p": "0x8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
  "a": "0x7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
  "b": "0x4a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
  "gx": "0x1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e",
  "gy": "0x8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
  "n": "0x8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565"
 }
];
export const OCMF = {
 "IL": [
  "NONE",
  "HEARSAY",
  "TRUSTED",
  "VERIFIED",
  "CERTIFIED",
  "SECURE",
  "MISMATCH",
  "INVALID",
  "OUTDATED",
  "UNKNOWN"
 ],
 "IF": [
  "RFID_NONE",
  "RFID_PLAIN",
  "RFID_RELATED",
  "RFID_PSK",
  "OCPP_NONE",
  "OCPP_RS",
  "OCPP_AUTH",
  "OCPP_RS_TLS",
  "OCPP_AUTH_TLS",
  "OCPP_CACHE",
  "OCPP_WHITELIST",
  "OCPP_CERTIFIED",
  "ISO15118_NONE",
  "ISO15118_PNC",
  "PLMN_NONE",
  "PLMN_RING",
  "PLMN_SMS"
 ],
 "IT": [
  "NONE",
  "DENIED",
  "UNDEFINED",
  "ISO14443",
  "ISO15693",
  "EMAID",
  "EVCCID",
  "EVCOID",
  "ISO7812",
  "CARD_TXN_NR",
  "CENTRAL",
  "CENTRAL_1",
  "CENTRAL_2",
  "LOCAL",
  "LOCAL_1",
  "LOCAL_2",
  "PHONE_NUMBER",
  "KEY_CODE"
 ],
 "CT": [
  "EVSEID",
  "CBIDC"
 ],
 "TX": [
  "B",
  "C",
  "X",
  "E",
  "L",
  "R",
  "A",
  "P",
  "S",
  "T"
 ],
 "ST": [
  "N",
  "G",
  "T",
  "D",
  "R",
  "M",
  "X",
  "I",
  "O",
  "S",
  "E",
  "F"
 ],
 "RT": [
  "AC",
  "DC"
 ],
 "RU": [
  "mOhm",
  "uOhm",
  "kWh",
  "Wh"
 ],
 "LU": [
  "mOhm",
  "uOhm"
 ],
 "SA": [
  "ECDSA-secp192k1-SHA256",
  "ECDSA-secp256k1-SHA256",
  "ECDSA-secp192r1-SHA256",
  "ECDSA-secp256r1-SHA256",
  "ECDSA-brainpool256r1-SHA256",
  "ECDSA-brainpoolP256r1-SHA256",
  "ECDSA-secp384r1-SHA256",
  "ECDSA-brainpool384r1-SHA256",
  "ECDSA-secp521r1-SHA256",
  "ECDSA-secp192k1-SHA512",
  "ECDSA-secp256k1-SHA512",
  "ECDSA-secp192r1-SHA512",
  "ECDSA-secp256r1-SHA512",
  "ECDSA-brainpool256r1-SHA512",
  "ECDSA-brainpoolP256r1-SHA512",
  "ECDSA-secp384r1-SHA512",
  "ECDSA-brainpool384r1-SHA512",
  "ECDSA-secp521r1-SHA512"
 ],
 "SE": [
  "hex",
  "base64"
 ],
 "SM": [
  "application/x-der"
 ],
 "time_status": [
  "U",
  "I",
  "S",
  "R"
 ]
};
