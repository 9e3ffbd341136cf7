"""Sign-in through providers of identities (OpenID Connect Core 1.0): docs/identity.md."""
