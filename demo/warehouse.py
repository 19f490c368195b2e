"""A SQLite warehouse of invented customers, with the kinds of errors that the data of old shops have.

The rows are the same every time. Every name is invented. E-mail addresses are at example.com, .net or .org, and phone
numbers come from the ranges that regulators keep free for films and books.
"""

from __future__ import annotations

import random
import sqlite3
import unicodedata
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

CUSTOMERS = 2_420
"""The number of customers, without their second rows."""

SCHEMA = """
CREATE TABLE customers (
    customer_id TEXT, email TEXT, first_name TEXT, last_name TEXT, mobile TEXT, company TEXT,
    street TEXT, city TEXT, state TEXT, postcode TEXT, country TEXT, birth_date TEXT, segment TEXT,
    lifetime_value NUMERIC, orders INTEGER, plan TEXT, interests TEXT, signed_up_on TEXT, shop TEXT, updated_at TEXT
);
CREATE TABLE shops (shop TEXT, location_id TEXT);
"""
SHOPS = {"north": "north-shop", "south": "south-shop"}
"""The account of each shop."""


@dataclass(frozen=True, slots=True)
class Country:
    """The customers of one country.

    Attributes:
        share: the number of customers of 100 that live there.
        spellings: the names of the country in the warehouse, the usual one first.
        calling_code: the country's calling code, with the plus sign.
        trunk: the prefix of a national number.
        phones: the ranges that are kept free for fiction, without trunk prefix; `#` is any digit.
        given: first names.
        family: last names.
        places: city, state and postcode.
        streets: street names, with `{}` for the house number.
    """

    share: int
    spellings: tuple[str, ...]
    calling_code: str
    trunk: str
    phones: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    places: tuple[tuple[str, str | None, str], ...]
    streets: tuple[str, ...]


_UNITED_STATES = Country(
    share=34,
    spellings=("US", "US", "USA", "United States", "usa", "U.S.A."),
    calling_code="+1",
    trunk="",
    phones=tuple(
        f"{area} 555 01##" for area in (202, 206, 212, 303, 312, 404, 415, 503, 512, 602, 617, 702, 713, 808, 919)
    ),
    given=(
        "Ava",
        "Mia",
        "Noah",
        "Liam",
        "Emma",
        "Olivia",
        "James",
        "Maria",
        "José",
        "Grace",
        "Tyrell",
        "Mei",
        "Anne-Marie",
    ),
    family=("Johnson", "Rivera", "Nguyen", "O'Brien", "Smith", "Garcia", "Washington", "Kowalski", "Lee", "Van Buren"),
    places=(
        ("Portland", "OR", "97205"),
        ("Austin", "TX", "78701"),
        ("Boston", "MA", "02108"),
        ("Denver", "CO", "80202"),
        ("St. Louis", "MO", "63101"),
    ),
    streets=("{} Maple Ave", "{} W 4th St", "{} Ocean Blvd, Apt 3B", "{} Old Mill Rd"),
)
_CANADA = Country(
    share=8,
    spellings=("CA", "CA", "Canada", "CAN"),
    calling_code="+1",
    trunk="",
    phones=("416 555 01##", "514 555 01##", "604 555 01##", "403 555 01##", "613 555 01##"),
    given=("Élodie", "Liam", "Chloé", "Ethan", "Zoë", "Lucas", "Priya"),
    family=("Tremblay", "Gagnon", "MacDonald", "Singh", "Roy", "Côté", "Wilson"),
    places=(("Montréal", "QC", "H2Y 1C6"), ("Toronto", "ON", "M5V 2T6"), ("Vancouver", "BC", "V6B 1A1")),
    streets=("{} rue Saint-Paul", "{} King St W", "{} Granville St"),
)
_UNITED_KINGDOM = Country(
    share=18,
    spellings=("GB", "GB", "United Kingdom", "UK", "Great Britain"),
    calling_code="+44",
    trunk="0",
    phones=("20 7946 0###", "161 496 0###", "131 496 0###", "117 496 0###", "29 2018 0###"),
    given=("Amelia", "Oliver", "Isla", "Harry", "Poppy", "Mohammed", "Siân", "Callum", "Imogen"),
    family=("Smith", "Jones", "Patel", "Taylor", "Llewellyn", "Campbell", "Khan", "Ashworth", "Smythe-Jones"),
    places=(
        ("London", None, "EC1A 1BB"),
        ("Manchester", None, "M1 1AE"),
        ("Edinburgh", None, "EH1 1YZ"),
        ("Cardiff", None, "CF10 1EP"),
    ),
    streets=("{} High Street", "Flat 2, {} Station Road", "{} Church Lane"),
)
_GERMANY = Country(
    share=12,
    spellings=("DE", "DE", "Germany", "DEU"),
    calling_code="+49",
    trunk="0",
    phones=("30 23125 ###", "40 66969 ###", "69 90009 ###", "89 99998 ###", "221 4710 ###"),
    given=("Jürgen", "Käthe", "Lukas", "Mia", "Sören", "Anna-Lena", "Mehmet", "Björn"),
    family=("Müller", "Schröder", "Weiß", "Çelik", "Krüger", "von der Heide", "Schmidt", "Groß"),
    places=(("Berlin", None, "10115"), ("Hamburg", None, "20095"), ("Köln", None, "50667"), ("München", None, "80331")),
    streets=("Hauptstraße {}", "Am Alten Markt {}", "Lindenallee {}b"),
)
_FRANCE = Country(
    share=10,
    spellings=("FR", "FR", "France", "FRA"),
    calling_code="+33",
    trunk="0",
    phones=("1 99 00 ## ##", "2 61 91 ## ##", "3 53 01 ## ##", "4 65 71 ## ##", "5 36 49 ## ##"),
    given=("Éloïse", "Loïc", "François", "Camille", "Anaïs", "Jean-Luc", "Aïcha", "Thibault"),
    family=("Lefèvre", "Dupont", "Béranger", "d'Aubigny", "Nguyen", "Le Gall", "Garnier"),
    places=(("Paris", None, "75011"), ("Lyon", None, "69002"), ("Nantes", None, "44000")),
    streets=("{} rue de la Paix", "{} bis avenue Foch", "{} place du Marché"),
)
_AUSTRALIA = Country(
    share=9,
    spellings=("AU", "AU", "Australia", "AUS"),
    calling_code="+61",
    trunk="0",
    phones=("2 5550 ####", "2 7010 ####", "3 5550 ####", "3 7010 ####", "7 5550 ####", "8 7010 ####"),
    given=("Charlotte", "Jack", "Matilda", "Cooper", "Ruby", "Hamish", "Thuy"),
    family=("Taylor", "Nguyen", "Walker", "O'Connor", "Papadopoulos", "Kelly"),
    places=(("Sydney", "NSW", "2000"), ("Melbourne", "VIC", "3000"), ("Brisbane", "QLD", "4000")),
    streets=("{} George St", "Unit 7, {} Beach Pde", "{} Wattle Gr"),
)
_SWEDEN = Country(
    share=5,
    spellings=("SE", "SE", "Sweden", "SWE"),
    calling_code="+46",
    trunk="0",
    phones=("31 390 06 ##", "40 628 04 ##", "8 465 004 ##", "980 319 2##"),
    given=("Åsa", "Björn", "Linnéa", "Göran", "Maja", "Ali"),
    family=("Öberg", "Lindström", "Åkesson", "Nyström", "Hassan"),
    places=(("Göteborg", None, "411 06"), ("Malmö", None, "211 20"), ("Stockholm", None, "111 29")),
    streets=("Storgatan {}", "Kungsgatan {}", "Östra Hamngatan {}"),
)
_BRAZIL = Country(
    share=4,
    spellings=("BR", "Brazil", "Brasil", "BRA"),
    calling_code="+55",
    trunk="",
    phones=(),  # it has no range that is kept free for fiction
    given=("João", "Conceição", "Luís", "Beatriz", "Thaís"),
    family=("da Silva", "Gonçalves", "Araújo", "dos Santos", "Conceição"),
    places=(("São Paulo", "SP", "01310-100"), ("Belém", "PA", "66010-000")),
    streets=("Rua das Flores, {}", "Av. Paulista, {}"),
)
COUNTRIES = (_UNITED_STATES, _CANADA, _UNITED_KINGDOM, _GERMANY, _FRANCE, _AUSTRALIA, _SWEDEN, _BRAZIL)

_BROKEN_EMAILS = ("{}@", "{}.example.com", "{}@@example.com", "{} @example.com", "@{}", "{}@example..com", "see notes")
_NO_EMAILS = (None, "", "   ")
_IMPOSSIBLE_PHONES = ("n/a", "000", "12345", "call the office", "+1 555", "0123456789012345678")
_UNKNOWN_COUNTRIES = ("??", "Atlantis", "Earth", "XX", "UN")
_BIRTH_FORMATS = ("%Y-%m-%d", "%Y-%m-%d", "%m/%d/%Y", "%Y/%m/%d", "%Y.%m.%d", "%m-%d-%Y", "%Y_%m_%d")
_BROKEN_DATES = ("0000-00-00", "1987-02-30", "about 1970")
_COMPANIES = ("Blue Heron Ltd", "Northwind Bakery", "Acme GmbH", "Café Lumière SARL", "Foo & Bar, Inc.")
_SEGMENTS = ("VIP", "Wholesale", "VIP,Newsletter", "Newsletter")
_PLANS = ("Free", "Basic", "Pro", "Enterprise", "free", "PRO")
_INTERESTS = ("Books", "Cooking", "Music", "Sport", "Travel")
_FIRST_DAY = date(2019, 1, 1)


@dataclass(slots=True)
class Customer:
    """A row of the table, with its columns in order."""

    customer_id: str
    email: str | None
    first_name: str
    last_name: str | None
    mobile: str | None
    company: str | None
    street: str | None
    city: str | None
    state: str | None
    postcode: str | None
    country: str | None
    birth_date: str | None
    segment: str | None
    lifetime_value: float | None
    orders: int
    plan: str
    interests: str | None
    signed_up_on: str
    shop: str
    updated_at: str

    def values(self) -> tuple[str | int | float | None, ...]:
        """Return the values of the row."""
        return tuple(getattr(self, name) for name in self.__slots__)


def build(path: Path, seed: int = 20) -> int:
    """Write the warehouse to a new file, and return the number of rows in its table `customers`."""
    rng = random.Random(seed)
    taken: set[str] = set()
    customers = [_customer(rng, number, taken) for number in range(1, CUSTOMERS + 1)]
    rows = customers + _add_errors(rng, customers)
    rng.shuffle(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(SCHEMA)
        database.executemany("INSERT INTO shops VALUES (?, ?)", SHOPS.items())
        places = ", ".join("?" * len(Customer.__slots__))
        database.executemany(f"INSERT INTO customers VALUES ({places})", [row.values() for row in rows])  # noqa: S608 - only question marks
    return len(rows)


def _customer(rng: random.Random, number: int, taken: set[str]) -> Customer:
    country = rng.choices(COUNTRIES, [country.share for country in COUNTRIES])[0]
    first, last = rng.choice(country.given), rng.choice(country.family)
    city, state, postcode = rng.choice(country.places)
    signed_up_on = _FIRST_DAY + timedelta(days=rng.randrange(2_400))
    orders = int(rng.paretovariate(1.2))
    return Customer(
        customer_id=f"C-{number:05d}",
        email=_email(rng, first, last, number),
        first_name=first,
        last_name=last,
        mobile=_phone(rng, country, taken) if rng.random() < 0.8 else None,
        company=rng.choice(_COMPANIES) if rng.random() < 0.15 else None,
        street=rng.choice(country.streets).format(rng.randrange(1, 240)),
        city=city,
        state=state,
        postcode=postcode,
        country=rng.choice(country.spellings),
        birth_date=_birth_date(rng) if rng.random() < 0.6 else None,
        segment=rng.choice(_SEGMENTS) if rng.random() < 0.1 else None,
        lifetime_value=round(orders * rng.uniform(9, 80), 2),
        orders=orders,
        plan=rng.choice(_PLANS),
        interests="; ".join(rng.sample(_INTERESTS, rng.randrange(1, 4))) if rng.random() < 0.4 else None,
        signed_up_on=signed_up_on.isoformat(),
        shop="north" if number % 3 else "south",
        updated_at=f"{signed_up_on + timedelta(days=rng.randrange(200))} {rng.randrange(24):02d}:15:00",
    )


def _email(rng: random.Random, first: str, last: str, number: int) -> str:
    plain = unicodedata.normalize("NFKD", f"{first}.{last}".lower().replace("ß", "ss"))
    local = "".join(letter for letter in plain if letter.isascii() and (letter.isalnum() or letter == "."))
    return f"{local}{number}@example.{rng.choice(('com', 'net', 'org'))}"


def _phone(rng: random.Random, country: Country, taken: set[str]) -> str | None:
    """Return a number as forms, imports and call centres write it: internationally or nationally."""
    if not country.phones:
        return None
    while (national := _national(rng, country)) in taken:
        pass
    taken.add(national)
    return rng.choice(
        (
            f"{country.calling_code} {national}",
            f"{country.calling_code}{national.replace(' ', '')}",
            f"00{country.calling_code[1:]} {national}" if country.trunk else f"1-{national.replace(' ', '-')}",
            f"{country.trunk}{national}",
            f"({country.trunk}{national.replace(' ', ') ', 1)}",
        )
    )


def _national(rng: random.Random, country: Country) -> str:
    return "".join(str(rng.randrange(10)) if sign == "#" else sign for sign in rng.choice(country.phones))


def _birth_date(rng: random.Random) -> str:
    born_on = date(1940, 1, 1) + timedelta(days=rng.randrange(24_000))
    return born_on.strftime(rng.choice(_BIRTH_FORMATS))


def _add_errors(rng: random.Random, customers: list[Customer]) -> list[Customer]:
    """Put errors into a share of the customers, and return second rows of some of them."""
    _add_errors_to_identities(rng, customers)
    for customer in rng.sample(customers, 25):
        customer.country = rng.choice(_UNKNOWN_COUNTRIES)
    for customer in rng.sample(customers, 70):
        customer.country = rng.choice((None, ""))
    for customer in rng.sample(customers, 20):
        customer.birth_date = rng.choice(_BROKEN_DATES)
    for customer in rng.sample(customers, 30):
        customer.last_name = None
    return [_older_row(rng, customer) for customer in rng.sample(customers, 80)]


def _add_errors_to_identities(rng: random.Random, customers: list[Customer]) -> None:
    for customer in rng.sample(customers, 300):
        customer.email = customer.email.upper() if customer.email else None
    for customer in rng.sample(customers, 180):
        customer.email, customer.first_name = f"  {customer.email} ", f"{customer.first_name} "
    for customer in rng.sample(customers, 60):
        customer.email = rng.choice(_NO_EMAILS)
    for customer in rng.sample(customers, 48):
        customer.email = rng.choice(_BROKEN_EMAILS).format(customer.first_name.strip().lower())
    for customer in rng.sample(customers, 40):
        customer.mobile = rng.choice(_IMPOSSIBLE_PHONES)
    with_phone = [customer for customer in customers if customer.mobile and customer.email]
    family = rng.sample(with_phone, 24)
    for customer, relative in zip(family[:12], family[12:], strict=True):  # one phone for both
        customer.mobile, customer.country = relative.mobile, relative.country


def _older_row(rng: random.Random, customer: Customer) -> Customer:
    """Return an older row of the same customer, with a former address."""
    values = dict(zip(Customer.__slots__, customer.values(), strict=True))
    return Customer(**{**values, "street": f"{rng.randrange(1, 90)} Former Road", "updated_at": "2018-12-31 09:00:00"})  # type: ignore[arg-type]  # the row's own values
