"""The pages administrators work in: people, administrations, services, spaces, jobs, alerts, the journal, settings.

Routes, forms, queries and templates only. What is done to a thing is a verb of the room that owns it.
"""
