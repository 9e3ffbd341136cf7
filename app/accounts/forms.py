"""What the sign-in page takes."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.extensions import gettext as _
from app.forms import Explained


class SignInForm(FlaskForm):
    email = EmailField(validators=[InputRequired(), Length(max=320)])
    password = PasswordField(validators=[InputRequired(), Length(max=1024)])
    poste_partage = BooleanField()

    def sentences(self) -> list[str]:
        """What is missing, in words."""
        found = []
        if self.email.errors:
            found.append(_("Indiquez votre adresse électronique."))
        if self.password.errors:
            found.append(_("Indiquez votre mot de passe."))
        return found


class CodeForm(Explained):
    """The code that was mailed to who holds a link."""

    code = StringField(validators=[InputRequired(), Length(max=40)])

    def words(self) -> dict[str, str]:
        return {"code": _("Écrivez les six chiffres du code.")}
