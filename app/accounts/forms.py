"""What the sign-in page takes."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, PasswordField
from wtforms.validators import InputRequired, Length

from app.extensions import gettext as _


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
