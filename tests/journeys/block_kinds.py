"""What each kind of block is called in the « Insérer » menu, and the letters by which the slash finds it."""

BY_MENU = {
    "steps": "Étapes",
    "documents": "Pièces à fournir",
    "cost": "Coût",
    "delay": "Délai",
    "contact": "Qui contacter…",
    "service": "Démarche en ligne…",
    "image": "Image…",
    "question": "Question et réponse",
    "definition": "Définition",
    "legal": "Texte de référence",
    "further": "Pour aller plus loin",
    "situations": "Choix de la situation",
    "variants": "Variantes selon le territoire",
}
BY_SLASH = {
    "steps": "etap",
    "documents": "piec",
    "cost": "cout",
    "delay": "delai",
    "contact": "qui con",
    "service": "demarche",
    "image": "imag",
    "question": "quest",
    "definition": "defini",
    "legal": "texte de r",
    "further": "pour",
    "situations": "choix",
    "variants": "variant",
}
