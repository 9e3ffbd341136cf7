"""The foundation and the roof of Open Lab. Imports nothing, so that importing `app.db` never drags a room in."""
