"""A text with every block and every mark of the grammar, for the tests that must leave none out."""

from typing import Any

Node = dict[str, Any]


def words(text: str, *marks: Any) -> Node:
    typed = sorted(
        (mark if isinstance(mark, dict) else {"type": mark} for mark in marks), key=lambda mark: mark["type"]
    )
    return {"type": "text", "text": text, **({"marks": typed} if typed else {})}


def block(kind: str, ident: str, /, *content: Node | str, **attrs: Any) -> Node:
    runs = [words(part) if isinstance(part, str) else part for part in content]
    return {"type": kind, "attrs": {"id": ident, **attrs}, **({"content": runs} if runs else {})}


def p(ident: str, text: str) -> Node:
    return block("paragraph", ident, text)


def mark(kind: str, **attrs: str) -> Node:
    return {"type": kind, "attrs": attrs}


EVERY: list[Node] = [
    block("lead", "b1", "Le permis de construire, en bref."),
    block("heading", "b2", "Avant de commencer"),
    block(
        "paragraph",
        "b3",
        words("Le "),
        words("PUD", mark("abbr", title="Plan d’urbanisme directeur")),
        words(" dit ce qui est permis\u00a0; "),
        words("demandez-le", mark("service_link", service="demander-le-plan"), "strong"),
        {"type": "hard_break"},
        words("ou lisez "),
        words("la carte", mark("link", href="https://carte.example/?a=1&b=2"), "em"),
    ),
    block(
        "steps",
        "b10",
        block("step", "b11", block("label", "b12", "Réunir les pièces"), p("b13", "Comptez deux semaines.")),
        block("step", "b14", block("label", "b15", "Déposer le dossier")),
    ),
    block("documents", "b20", block("list_item", "b21", p("b22", "Le plan de masse"))),
    block("cost", "b30", "12 000 F CFP"),
    block("delay", "b31", "Deux mois"),
    block("note", "b32", p("b33", "Rien avant l’accord."), kind="warning"),
    block(
        "legal", "b40", "Délibération sur le permis", number="n° 19", date="2001-06-08", href="https://loi.example/19"
    ),
    block("question", "b50", block("label", "b51", "Et pour une clôture\u00a0?"), p("b52", "Une déclaration suffit.")),
    block("definition", "b53", block("label", "b54", "Emprise"), p("b55", "Ce que la maison couvre du sol.")),
    block(
        "situations",
        "b60",
        block("situation", "b61", block("label", "b62", "Je suis locataire"), p("b63", "Demandez au bailleur.")),
        block("situation", "b64", block("label", "b65", "Je suis en tribu"), p("b66", "Voyez le chef de clan.")),
    ),
    block(
        "variants",
        "b70",
        block("variant", "b71", p("b72", "À Nouméa."), territories="province-sud"),
        block("variant", "b73", p("b74", "À Koné, à Lifou."), territories="province-nord province-iles"),
    ),
    block("contact", "b80", administration="province-du-sud", counter=7),
    block("service", "b81", service="demander-le-plan"),
    block("image", "b82", "Un plan de masse", image="0a1b2c", alt="La maison vue du ciel", width=800, height=600),
    block("image", "b83", image="ff00", decorative=1, width=40, height=40),
    block("bullet_list", "b90", block("list_item", "b91", p("b92", "un point"))),
    block("ordered_list", "b93", block("list_item", "b94", p("b95", "un premier"))),
    block(
        "table",
        "t1",
        block("table_row", "t2", block("table_header", "t3", p("t4", "Province"))),
        block("table_row", "t5", block("table_cell", "t6", p("t7", "Sud"))),
    ),
    block("further", "b99", block("list_item", "b98", p("b97", "Le guide du propriétaire"))),
]  # fmt: skip
