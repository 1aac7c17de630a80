"""The part of docs/hooks.md that is made from the contract: the events, and the fields of each."""

from consult.contract.hooks import ABOUT
from consult.documents.descriptions import got
from consult.documents.markdown_tables import table

BEGIN = "<!-- Made from consult/contract/hooks.py by `make docs`: change it there. -->\n"
END = "<!-- The end of what is made. -->\n"


def events() -> str:
    """Return the tables of events and fields, in English."""
    parts = [table(("event", "when"), ((f"`{name}`", about.en) for name, (about, _) in ABOUT.items()))]
    for shape in dict.fromkeys(shape for _, shape in ABOUT.values()):
        names = " and ".join(f"`{name}`" for name, (_, one) in ABOUT.items() if one is shape)
        rows = ((f"`{one.name}`", one.kind, one.about.en) for one in got(shape))
        parts.append(f"### `data` of {names}\n\n{table(('field', 'type', 'what it is'), rows)}")
    return "\n\n".join(parts) + "\n"


def with_events(text: str) -> str:
    """Return docs/hooks.md with that part made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{events()}\n{END}{after}"
