"""French words for why a file is refused, and for what to do instead. What is lost has its own: `loss_words`."""

from __future__ import annotations

from collections.abc import Callable

from app.extensions import gettext as _

__all__ = ["refusal_words"]


def refusal_words(code: str) -> str:
    """Why a file is not taken, and what to do instead."""
    sentences: dict[str, Callable[[], str]] = {
        "empty": lambda: _("Ce fichier est vide : choisissez-en un autre."),
        "pdf": lambda: _(
            "Un PDF ne se reprend pas : ses mots n’y sont plus des paragraphes. Envoyez le document d’origine "
            "(.docx ou .odt), ou ouvrez le PDF avec Word et enregistrez-le en .docx."
        ),
        "old_office": lambda: _(
            "C’est un document d’une ancienne version de Word (.doc). Ouvrez-le, enregistrez-le en .docx ou en .odt, "
            "puis envoyez ce nouveau fichier."
        ),
        "rtf": lambda: _(
            "C’est un document RTF. Ouvrez-le, enregistrez-le en .docx ou en .odt, puis envoyez-le."
        ),
        "mhtml": lambda: _(
            "C’est une archive de page web (.mht). Enregistrez la page en .html, puis envoyez-la."
        ),
        "image": lambda: _("C’est une image : ajoutez-la depuis l’éditeur, à sa place dans le texte."),
        "archive": lambda: _("C’est une archive : ouvrez-la, puis envoyez le document qui s’y trouve."),
        "pages": lambda: _(
            "C’est un document Pages. Exportez-le au format Word depuis Pages, puis envoyez le fichier .docx."
        ),
        "not_a_text": lambda: _(
            "C’est un classeur, une présentation ou un modèle. Seuls les textes se reprennent : "
            "copiez ce qu’il faut dans un document, puis envoyez-le."
        ),
        "encrypted": lambda: _(
            "Ce document est protégé par un mot de passe. Retirez la protection, enregistrez-le, puis envoyez-le."
        ),
        "macros": lambda: _(
            "Ce document contient des macros, c’est-à-dire un programme. Enregistrez-le en .docx ou en .odt sans "
            "macros, puis envoyez ce nouveau fichier."
        ),
        "two_things": lambda: _(
            "Le nom de ce fichier et son contenu ne disent pas la même chose. Ouvrez-le avec le logiciel qui l’a fait, "
            "enregistrez-le en .docx ou en .odt, puis envoyez ce nouveau fichier."
        ),
        "names": lambda: _(
            "Ce fichier est construit d’une façon inhabituelle et n’a pas été ouvert. Ouvrez-le avec votre logiciel, "
            "enregistrez-le sous un autre nom, puis envoyez ce nouveau fichier."
        ),
        "bomb": lambda: _(
            "Une fois ouvert, ce fichier serait démesuré : il n’a pas été lu. Réduisez ses images ou coupez-le en "
            "plusieurs documents, puis envoyez-les l’un après l’autre."
        ),
        "too_many_members": lambda: _(
            "Ce document est fait de trop de pièces. Coupez-le en plusieurs documents, puis envoyez-les l’un après l’autre."
        ),
        "entities": lambda: _(
            "Ce fichier fait appel à des définitions extérieures et n’a pas été lu. Ouvrez-le avec votre logiciel, "
            "enregistrez-le en .docx ou en .odt, puis envoyez ce nouveau fichier."
        ),
        "too_long": lambda: _(
            "Ce document est trop long pour une fiche. Coupez-le en plusieurs documents, puis envoyez-les l’un après l’autre."
        ),
        "too_deep": lambda: _(
            "Ce document emboîte trop de listes ou de tableaux les uns dans les autres. Simplifiez-le, puis envoyez-le."
        ),
        "too_slow": lambda: _(
            "Ce document demande trop de travail pour être lu. Coupez-le en plusieurs documents, "
            "ou enregistrez-le de nouveau, puis réessayez."
        ),
        "nothing": lambda: _("Rien n’a été trouvé à reprendre dans ce document : il n’a ni texte ni image."),
        "unknown": lambda: _(
            "Le portail ne connaît pas ce format. Envoyez un document Word (.docx), OpenDocument (.odt), "
            "une page HTML ou un texte Markdown (.md)."
        ),
    }
    # The readers' own names of the same.
    same = {"too_large": "too_long", "old_or_locked": "old_office", "not_word": "unknown"}
    found = sentences.get(same.get(code, code))
    return (
        found()
        if found is not None
        else _(
            "Ce fichier est abîmé. Ouvrez-le avec votre logiciel, enregistrez-le de nouveau, puis envoyez-le."
        )
    )
