"""What Fortnox says when it refuses: the error codes, their Swedish texts, and the exception that carries them.

The documented codes are Fortnox's own. Where it is known that Fortnox refuses but not with which code, the number here
is 29990xx, which Fortnox does not use: a client that learns such a number by heart is wrong in a way that shows.
"""

INVALID_ACCEPT = 1000030
INVALID_CONTENT_TYPE = 1000031
NOT_ALPHANUMERIC = 2000106
TOO_LONG = 2000107
NOT_NUMERIC = 2000108
NOT_BOOLEAN = 2000134
NO_SUCH_CUSTOMER = 2000204
ILLEGAL_CHARACTERS = 2000359
PERIOD_LOCKED = 2000401
ACCOUNT_NOT_FOUND = 2000423
CURRENCY_NOT_FOUND = 2000427
ARTICLE_NOT_FOUND = 2000428
TERMS_OF_PAYMENT_NOT_FOUND = 2000429
CUSTOMER_NOT_FOUND = 2000433
INVOICE_NOT_FOUND = 2000434
ACCOUNT_INACTIVE = 2000550
INVALID_FILTER = 2000587
INVALID_PARAMETER = 2000588
CUSTOMER_NUMBER_USED = 2000637
NO_SCOPE = 2000663
PROJECT_NOT_FOUND = 2001161
ACCOUNT_INVALID = 2001265
NO_SUCH_ARTICLE = 2001302
NO_SUCH_ACCOUNT = 2001304
WRONG_BODY = 2001392
UNKNOWN_FIELD = 2001399
PREDEFINED_ACCOUNT_NOT_FOUND = 2001403
JSON_SYNTAX = 2002115
ACCOUNT_FORMAT = 2002462
ALREADY_PAID = 2003055
NOT_READY = 2003498
ROW_WITHOUT_TEXT = 2003977
CURRENCY_NOT_REGISTERED = 2004344

NOT_FOUND = 2999001
REQUIRED_FIELD = 2999002
INVALID_VALUE = 2999003
NUMBER_USED = 2999004
INVALID_COUNTRY = 2999005
INVALID_VAT_NUMBER = 2999006
INVALID_VAT_RATE = 2999007
NO_FINANCIAL_YEAR = 2999010
OUTSIDE_FINANCIAL_YEAR = 2999011
INVALID_SERIES = 2999012
SERIES_NOT_MANUAL = 2999013
UNBALANCED = 2999014
DIMENSION_RULE = 2999015
INVOICE_BOOKED = 2999020
INVOICE_CANCELLED = 2999021
INVOICE_NOT_BOOKED = 2999022
ALREADY_CREDITED = 2999023
CASH_METHOD = 2999024
PAYMENT_BOOKED = 2999030
PAYMENT_BEFORE_INVOICE = 2999031
PAYMENT_AMOUNT = 2999032
IN_USE = 2999040
NOT_MODELLED = 2999099

_TEXTS = {
    INVALID_ACCEPT: "Invalid response type",
    INVALID_CONTENT_TYPE: "Invalid content type",
    NOT_ALPHANUMERIC: "Värdet måste vara alfanumeriskt",
    TOO_LONG: "Värdet är för långt",
    NOT_NUMERIC: "Värdet måste vara numeriskt",
    NOT_BOOLEAN: "Värdet måste vara en boolean",
    NO_SUCH_CUSTOMER: "Kunde inte hämta/hitta kund",
    ILLEGAL_CHARACTERS: "Värdet innehåller ej tillåtna tecken.",
    PERIOD_LOCKED: "Företaget har låst perioden t.o.m.",
    ACCOUNT_NOT_FOUND: "Kan inte hitta kontot.",
    CURRENCY_NOT_FOUND: "Kan inte hitta valutan.",
    ARTICLE_NOT_FOUND: "Kan inte hitta artikeln.",
    TERMS_OF_PAYMENT_NOT_FOUND: "Kan inte hitta betalningsvillkoret.",
    CUSTOMER_NOT_FOUND: "Kan inte hitta kunden.",
    INVOICE_NOT_FOUND: "Kan inte hitta fakturan.",
    ACCOUNT_INACTIVE: "Kontot är inte aktivt",
    INVALID_FILTER: "Ett ogiltigt filter har använts.",
    INVALID_PARAMETER: "Ogiltig parameter i anropet.",
    CUSTOMER_NUMBER_USED: "Kundnumret används redan",
    NO_SCOPE: "Har inte behörighet för scope",
    PROJECT_NOT_FOUND: "Kan inte hitta projektet.",
    ACCOUNT_INVALID: "Ogiltigt konto",
    NO_SUCH_ARTICLE: "Kunde inte hitta artikel",
    NO_SUCH_ACCOUNT: "Kunde inte hitta konto",
    WRONG_BODY: "Ingen eller felaktig typ av data.",
    UNKNOWN_FIELD: "Felaktigt fältnamn",
    PREDEFINED_ACCOUNT_NOT_FOUND: "Kan inte hitta det förvalda kontot.",
    JSON_SYNTAX: "Error deserializing JSON: JSON_ERROR_SYNTAX",
    ACCOUNT_FORMAT: "Kontot ska ha fyra siffror",
    ALREADY_PAID: "Fakturan är redan betald",
    NOT_READY: "Fakturan måste vara klarmarkerad innan den bokförs",
    ROW_WITHOUT_TEXT: "Rad med antal saknar benämning eller artikel",
    CURRENCY_NOT_REGISTERED: "Kunde inte hämta/hitta valuta",
    NOT_FOUND: "Kan inte hitta posten.",
    REQUIRED_FIELD: "Värdet måste anges",
    INVALID_VALUE: "Ogiltigt värde",
    NUMBER_USED: "Numret används redan",
    INVALID_COUNTRY: "Ogiltigt land eller landskod",
    INVALID_VAT_NUMBER: "Ogiltigt VAT-nummer",
    INVALID_VAT_RATE: "Kunde inte hämta/hitta moms",
    NO_FINANCIAL_YEAR: "Räkenskapsår saknas",
    OUTSIDE_FINANCIAL_YEAR: "Datumet ligger utanför räkenskapsåret",
    INVALID_SERIES: "Ogiltig verifikationsserie",
    SERIES_NOT_MANUAL: "Verifikationsserien är inte manuell",
    UNBALANCED: "Verifikationen balanserar inte",
    DIMENSION_RULE: "Kontots regler för kostnadsställe, projekt eller transaktionsinformation bryts",
    INVOICE_BOOKED: "Fakturan är bokförd och kan inte ändras",
    INVOICE_CANCELLED: "Fakturan är makulerad",
    INVOICE_NOT_BOOKED: "Fakturan är inte bokförd",
    ALREADY_CREDITED: "Fakturan är redan krediterad",
    CASH_METHOD: "Fakturan kan inte bokföras med kontantmetoden",
    PAYMENT_BOOKED: "Betalningen är bokförd och kan inte ändras",
    PAYMENT_BEFORE_INVOICE: "Betalningsdatum kan inte vara tidigare än fakturadatum",
    PAYMENT_AMOUNT: "Ogiltigt betalningsbelopp",
    IN_USE: "Posten används och kan inte tas bort",
    NOT_MODELLED: "Sandlådan känner inte till detta",
}


class Refusal(Exception):
    """A request that Fortnox would turn down, with the answer it would give.

    `status` is the HTTP status: 400 for nearly everything, 404 for what does not exist, 403 for a missing scope.
    """

    def __init__(self, code: int, detail: object = "", status: int = 400) -> None:
        self.code = code
        self.status = status
        self.message = f"{_TEXTS[code]} ({detail})" if detail != "" else _TEXTS[code]
        super().__init__(f"{self.code} {self.message}")


def not_found(code: int = NOT_FOUND) -> Refusal:
    """The 404 of a single document; Fortnox writes it without naming what was asked for."""
    return Refusal(code, status=404)
