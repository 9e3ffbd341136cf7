"""How hard a text is: syllables as they are said, Kandel and Moles's number, the time of reading."""

from __future__ import annotations

import pytest

from drafts.plain_french.score import Band, Score, band_words, score
from drafts.plain_french.syllables import syllables
from tests.drafts.every_block import block, p

# Each word with its syllables as one says them slowly, a mute e at the end left out.
WRITTEN = """
le 1 la 1 mairie 2 demande 2 demandent 2 demander 3 formulaire 3 pièce 1 identité 4 dossier 2 situation 4
client 2 crier 2 ouvrier 3 premier 2 famille 2 feuille 1 travail 2 travailler 3 accueil 2 fauteuil 2 jouer 2
louer 2 nuit 1 suite 1 nuage 2 actuel 3 évaluer 4 voyage 2 payer 2 pays 2 moyen 2 question 2 quand 1 longue 1
guide 1 que 1 création 3 créée 2 réunion 3 océan 3 Nouméa 3 maïs 2 Noël 2 poésie 3 année 2 vie 1 rue 1 roue 1
paiement 2 remerciement 4 maintenant 3 argent 2 agent 2 moment 2 document 3 rapidement 4 ferment 1 estiment 2
viennent 1 vient 1 tient 1 étaient 2 voient 1 souvent 2 présent 2 arrivent 2 eau 1 beau 1 oiseau 2 mangea 2
samedi 3 quotidien 3 bien 1 ancien 2 loi 1 point 1 août 1 juillet 2 lui 1 étudier 3 patient 2 administration 5
allocation 4 province 2 commune 2 peut-être 2 rendez-vous 3 œil 1 bœuf 1 cœur 1 hôpital 3 école 2 enfant 2
habitants 3 Calédonie 4 île 1 aéroport 4 gratuit 2 oui 1 12 2 l’accord 2 obligatoire 4 électricité 5 mois 1
ans 1 heures 1 exemple 2 monsieur 2 juridique 3 crèche 1 aide 1 aident 1 reçoivent 2 paient 1 envoient 2
continuent 3 ouvrent 1 remplissez 3 yaourt 2 stylo 2 rythme 1 science 1 expérience 3 tribunal 3 avion 2
région 2
"""
SAID = WRITTEN.split()
COUNTS = list(zip(SAID[::2], map(int, SAID[1::2]), strict=True))
EASY = "Venez à la mairie. Un agent vous aide. C’est gratuit. "
HARD = (
    "L’irrecevabilité administrative des réclamations contentieuses préalablement notifiées nécessite "
    "systématiquement la régularisation complémentaire des documents justificatifs antérieurement transmis. "
)


def test_there_are_words_enough() -> None:
    assert len(COUNTS) >= 80


@pytest.mark.parametrize(("word", "count"), COUNTS)
def test_syllables_are_those_one_says(word: str, count: int) -> None:
    assert syllables(word) == count == syllables(word.upper())


def test_the_number_is_that_of_the_formula() -> None:
    found = score([p("a", "La mairie est ouverte. Venez vite.")])
    assert found.whole == Score(words=6, sentences=2, syllables=9) == found.blocks[0][1]
    assert found.whole.ease == round(207 - 1.015 * 6 / 2 - 73.6 * 9 / 6, 1)
    assert found.whole.band is Band.EASY and not found.whole.sure


def test_a_plain_text_is_easier_than_one_of_long_words() -> None:
    found = score(
        [block("heading", "h", "Venir"), p("a", EASY * 10), p("b", HARD * 6), block("legal", "l", HARD)]
    )
    easy, hard = found.blocks[1][1], found.blocks[2][1]
    assert [ident for ident, _ in found.blocks] == ["h", "a", "b"]
    assert easy.sure and easy.band is Band.EASY and easy.ease == 100.0
    assert hard.band is Band.VERY_HARD and hard.ease == 0.0
    assert found.whole.words == sum(one.words for _, one in found.blocks)
    assert len({band_words(band) for band in Band}) == len(Band)


def test_reading_takes_time_and_nothing_takes_none() -> None:
    assert Score(words=195, sentences=10, syllables=300).seconds == 60
    nothing = score([p("a", " … ")]).whole
    assert nothing == Score() and nothing.ease is None and nothing.band is None and nothing.seconds == 0
    assert score([]).whole == Score()


def test_a_figure_is_one_word() -> None:
    assert score([p("a", "Payez 1\u00a0250\u00a0000 francs.")]).whole.words == 3
