"""What the name of a column suggests: never enough alone, often enough beside the values."""

from __future__ import annotations

import re

KEYS = frozenset({"id", "ids", "uuid", "guid", "key", "pk", "rowid", "index", "idx", "rownames"})
NUMBERED = frozenset({"number", "no", "nr"})
CODES = frozenset(
    {
        *(
            "id",
            "ids",
            "code",
            "codes",
            "cd",
            "zip",
            "zipcode",
            "postcode",
            "postal",
            "plz",
            "sku",
            "isbn",
            "ean",
            "upc",
        ),
        *("iban", "fips", "naics", "sic", "icd", "msa", "gtin", "asin"),
    }
)
TIMES = frozenset(
    {
        *(
            "time",
            "timestamp",
            "ts",
            "date",
            "datetime",
            "epoch",
            "unix",
            "created",
            "updated",
            "modified",
            "at",
            "when",
        ),
        *("day", "dt", "pickup", "dropoff", "month", "year"),
    }
)
USERS = frozenset(
    {"user", "uid", "userid", "reviewer", "customer", "member", "visitor", "person", "account", "listener"}
)
ITEMS = frozenset(
    {
        *("item", "iid", "itemid", "movie", "movieid", "film", "product", "book", "isbn", "asin", "track", "song"),
        *("artist", "article", "restaurant", "business", "recipe", "game", "anime", "show", "video", "sku"),
    }
)
STRENGTHS = frozenset(
    {
        "rating",
        "ratings",
        "stars",
        "star",
        "score",
        "rate",
        "strength",
        "plays",
        "clicks",
        "playcount",
        "interaction",
        "feedback",
    }
)


def tokens(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: 'PULocationID', 'mgr_id' and 'zip.code' come apart."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return tuple(word for word in re.split(r"[^a-z]+", spaced.lower()) if word)


def last(name: str) -> str:
    """The last word of a name, or ''."""
    words = tokens(name)
    return words[-1] if words else ""


def says_key(name: str) -> bool:
    """Whether the name says that the column names rows or things: 'PassengerId', 'index'."""
    return last(name) in KEYS


def says_code(name: str) -> bool:
    """Whether the name says that numbers in the column are codes without an order: 'zip', 'ROLE_CODE'."""
    return last(name) in CODES or tokens(name)[-2:] == ("zip", "code")


def says_time(name: str) -> bool:
    """Whether the name says that the column tells a time."""
    return any(word in TIMES for word in tokens(name))


def says_user(name: str) -> bool:
    """Whether the name is that of a user: 'user', 'user_id', 'CustomerId'."""
    return _entity(name, USERS)


def says_item(name: str) -> bool:
    """Whether the name is that of an item to recommend: 'item_id', 'movieId', 'product'."""
    return _entity(name, ITEMS)


def says_strength(name: str) -> bool:
    """Whether the name is that of a rating or of how strong an event is."""
    return any(word in STRENGTHS for word in tokens(name))


def _entity(name: str, words: frozenset[str]) -> bool:
    found = [word for word in tokens(name) if word not in KEYS]
    return len(found) == 1 and found[0] in words
