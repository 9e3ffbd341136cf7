"""Backup and restore: one archive for both databases, verified before anything is written (docs/backup.md)."""
