"""French words for what a text loses on its way in: a sentence for each code of the readers, said once whatever the count."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.extensions import gettext as _

__all__ = ["loss_words"]

_OF_PICTURES: Mapping[str, Callable[[], str]] = {
    "picture_missing": lambda: _("Une image n’est pas dans le fichier : ajoutez-la à la main."),
    "picture_refused": lambda: _("Une image ne peut pas être lue : ajoutez-la à la main, en PNG ou en JPEG."),
    "picture_too_many": lambda: _("Un document apporte 60 images au plus : ajoutez les autres à la main."),
    "picture_too_large": lambda: _("Une image est trop lourde : réduisez-la, puis ajoutez-la à la main."),
    "picture_remote": lambda: _(
        "Une image se trouve sur un autre site : elle n’y est pas cherchée, ajoutez-la à la main."
    ),
    "picture_unreadable": lambda: _(
        "Une image ne peut pas être lue : ajoutez-la à la main, en PNG ou en JPEG."
    ),
}
_OF_WORDS: Mapping[str, Callable[[], str]] = {
    "comments": lambda: _("Un commentaire n’est pas repris."),
    "deleted": lambda: _("Des mots supprimés en suivi des modifications ne sont pas repris."),
    "insertions": lambda: _(
        "Des mots ajoutés en suivi des modifications sont repris comme le reste du texte."
    ),
    "notes": lambda: _("Une note de bas de page est placée à la fin du texte, sous « Notes »."),
    "frame": lambda: _("Les mots d’une zone de texte sont placés après leur paragraphe."),
    "page_margins": lambda: _("Un en-tête ou un pied de page n’est pas repris."),
    "contents": lambda: _(
        "La table des matières n’est pas reprise : le plan de la fiche se fait de lui-même."
    ),
    "fields": lambda: _("Un champ calculé n’est pas repris."),
    "hidden": lambda: _("Des mots masqués ne sont pas repris."),
    "placeholders": lambda: _("Un texte à remplacer, resté vide, n’est pas repris."),
    "front_matter": lambda: _("Une information placée au-dessus du texte n’est pas reprise."),
    "symbols": lambda: _("Un symbole d’une police particulière n’est pas repris."),
}
_OF_FORM: Mapping[str, Callable[[], str]] = {
    "levels": lambda: _("Le niveau d’un titre a changé."),
    "lists": lambda: _("Une liste emboîtée trop profondément est remontée d’un niveau."),
    "numbers": lambda: _("Un numéro écrit par la mise en forme n’est pas repris tel quel."),
    "spans": lambda: _("Une cellule fusionnée reste à sa première place, les autres sont vides."),
    "layout_tables": lambda: _("Un tableau qui servait à la mise en page devient du texte."),
    "table_descriptions": lambda: _("La description d’un tableau n’est pas reprise."),
    "link": lambda: _("Un lien vers une adresse que le portail n’accepte pas est retiré, ses mots restent."),
    "internal_links": lambda: _("Un renvoi à une autre page du document perd son lien, ses mots restent."),
    "look": lambda: _(
        "Une mise en forme (couleur, souligné, barré, petits caractères) n’est pas reprise, les mots restent."
    ),
    "struck": lambda: _("Des mots barrés sont repris sans être barrés : relisez-les."),
    "raised": lambda: _("Des exposants ou des indices sont repris comme le reste du texte."),
    "attributes": lambda: _("Un réglage d’un bloc du portail n’est pas repris."),
    "shown": lambda: _("Ce qui était calculé au moment de l’affichage n’est pas repris."),
    "equations": lambda: _("Une formule n’est pas reprise."),
    "charts": lambda: _("Un graphique n’est pas repris : ajoutez-le comme image."),
    "drawings": lambda: _("Un dessin n’est pas repris : ajoutez-le comme image."),
    "object": lambda: _("Un objet inséré (formule, dessin, vidéo, classeur) n’est pas repris."),
    "active": lambda: _("Un programme ou un cadre de la page n’est pas repris."),
    "furniture": lambda: _("Un menu, un bandeau ou un pied de page du site n’est pas repris."),
    "form": lambda: _("Un formulaire n’est pas repris."),
}
_ALL = {**_OF_PICTURES, **_OF_WORDS, **_OF_FORM}


def loss_words(code: str) -> str:
    """What is lost, in one sentence. A code that is not known here is said to be one element."""
    found = _ALL.get(code)
    return found() if found is not None else _("Un élément n’est pas repris (%(code)s).", code=code)
