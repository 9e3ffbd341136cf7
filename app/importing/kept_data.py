"""What imports keep of people: nothing but that a line of a file and an account are one."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from app.accounts.erasing import erases
from app.db import session
from app.extensions import gettext as _
from app.importing.models import ImportRecord, Kind
from app.privacy import Entry, registers


@registers
def _kept() -> Iterator[Entry]:
    yield Entry(
        _("Comptes ouverts par un fichier d’une administration : empreintes de la ligne, numéro du compte"),
        _("Reprendre le fichier suivant sans ouvrir un compte deux fois, ni rouvrir celui qui a été effacé"),
        _("Mission d’intérêt public"),
        _("Tant que le compte sert ; après un effacement, l’empreinte de la clé seule"),
        _("Personne"),
        ("import_record.*",),
    )


@erases
def _forget(person_id: int) -> None:
    """The digest of the key stays, so that the next file does not open the account again."""
    session().execute(
        sa.update(ImportRecord)
        .where(ImportRecord.kind == Kind.PEOPLE, ImportRecord.our_id == person_id)
        .values(fingerprint="", left_as={})
        .execution_options(synchronize_session=False)
    )
