"""Help where people are: the guides under /aide, « Comment faire » on the pages, first steps in /espace."""
