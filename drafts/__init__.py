"""The texts: their grammar, their living document, their authors, their frozen versions and their reviews."""
