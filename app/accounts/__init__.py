"""People, the roles they hold, and how they sign in and out."""
