"""Open labs: who works together on what. Knows nothing of the texts written in them."""
