"""Plain French: what a writer may say more simply, found by rules that are data (`rules.json`), and how hard a text is.

Nothing here judges a person or stops a text: findings warn, and a writer may pass over them. Nothing is sent anywhere.
"""
