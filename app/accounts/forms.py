"""What the sign-in page takes."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, PasswordField, RadioField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, Regexp

from app.accounts.key_models import TOKEN_NAME
from app.extensions import gettext as _
from app.forms import BoxesField, Explained


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


class AskResetForm(Explained):
    """For which address a new password is asked for."""

    email = EmailField(validators=[InputRequired(), Length(max=320), Regexp(r"[^@\s]+@[^@\s]+$")])

    def words(self) -> dict[str, str]:
        return {"email": _("Écrivez votre adresse électronique entière, comme nom@exemple.nc.")}


class NewPasswordForm(Explained):
    """A new password, typed twice."""

    new = PasswordField(validators=[InputRequired(), Length(max=1024)])
    again = PasswordField(validators=[EqualTo("new")])

    def words(self) -> dict[str, str]:
        return {
            "new": _("Écrivez le nouveau mot de passe."),
            "again": _("Les deux mots de passe ne sont pas les mêmes : écrivez-les de nouveau."),
        }


class ChangePasswordForm(NewPasswordForm):
    """The same, by who knows the old one."""

    old = PasswordField(validators=[InputRequired(), Length(max=1024)])

    def words(self) -> dict[str, str]:
        return {**super().words(), "old": _("Écrivez votre mot de passe actuel.")}


class TokenForm(Explained):
    """What a personal token is for."""

    name = StringField(validators=[InputRequired(), Length(max=TOKEN_NAME)])
    scopes = BoxesField(validators=[InputRequired()])
    days = RadioField(validators=[InputRequired()])
    password = PasswordField(validators=[Length(max=1024)])

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.days.choices = [("30", _("30 jours")), ("90", _("90 jours")), ("365", _("Un an"))]

    def words(self) -> dict[str, str]:
        return {
            "name": _("Donnez un nom à ce jeton (80 caractères au plus)."),
            "scopes": _("Cochez au moins une portée."),
            "days": _("Choisissez une durée."),
        }


class FactorForm(Explained):
    """Six digits of a telephone, or a code on paper."""

    code = StringField(validators=[InputRequired(), Length(max=80)])

    def words(self) -> dict[str, str]:
        return {"code": _("Écrivez le code.")}


class CodeForm(Explained):
    """The code that was mailed to who holds a link."""

    code = StringField(validators=[InputRequired(), Length(max=40)])

    def words(self) -> dict[str, str]:
        return {"code": _("Écrivez les six chiffres du code.")}
