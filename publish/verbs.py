"""French verbs whose forms no rule of endings brings together: `perdu` and `perdre`, `inscrit` and `inscrire`.

Snowball cuts endings and knows no verb. The forms of the third group that people write are made here from their
models, so that a form and its infinitive meet. Left out is who is another word far more often: the `permis` of
`permettre`, the `revenu` of `revenir`, the `entreprise` of `entreprendre`.
"""

from __future__ import annotations

# (beginnings, the infinitive's ending, the other endings), each as it is written with accents.
_MODELS = (
    (
        "ven per ren répon atten défen enten ton confon suspen éten préten descen dépen fon",
        "dre",
        "ds d dons dez dent du due dus dues dais dait daient dant drai dra drez dront drait",
    ),
    (
        "constr cond détr réd instr trad reconstr",
        "uire",
        "uis uit uite uits uites uisons uisez uisent uisant uisais uisait uisaient uirai uira uirez uiront",
    ),
    (
        "é ins dé sous pres trans réins",
        "crire",
        "cris crit crite crits crites crivons crivez crivent crivant crivais crivait crivaient crirai crira crirez",
    ),
    (
        "obt dev maint sout ret prév appart",
        "enir",
        "iens ient enons enez iennent enu enue enus enues enais enait enaient enant iendrai iendra iendrez",
    ),
    (
        "re per dé",
        "cevoir",
        "çois çoit cevons cevez çoivent çu çue çus çues cevais cevait cevaient cevant cevrai cevra cevrez cevront",
    ),
    (
        "trans re sou ad",
        "mettre",
        "mets met mettons mettez mettent mis mise mises mettant mettais mettait mettrai mettra mettrez",
    ),
    (
        "ap com re",
        "prendre",
        "prends prend prenons prenez prennent pris prise prises prenant prenais prenait prendrai prendra prendrez",
    ),
    (
        "ouv couv découv off souff",
        "rir",
        "re res rons rez rent ert erte erts ertes rais rait raient rant rirai rira rirez",
    ),
    (
        "par sor repar",
        "tir",
        "s t tons tez tent ti tie tis ties tais tait taient tant tirai tira tirez tiront",
    ),
    ("", "mourir", "meurs meurt mourons mourez meurent mort morte morts mortes mourait mourra mourant"),
    ("", "naître", "nais naît naissons naissez naissent née nés nées naissait naissant naîtra"),
    (
        "con recon",
        "naître",
        "nais naît naissons naissez naissent nu nue nus nues naissais naissait naissant naîtra",
    ),
    ("dispa", "raître", "rais raît raissent ru rue rus rues raissait raîtra"),
    (
        "étei pei joi crai rejoi plai",
        "ndre",
        "ns nt nte nts ntes gnons gnez gnent gnais gnait gnaient gnant ndrai ndra ndrez",
    ),
    (
        "suiv poursuiv",
        "re",
        "ons ez ent i ie is ies ais ait aient ant rai ra rez",
    ),
    ("él réél", "ire", "is it isons isez isent u ue us ues isait isant ira"),
    (
        "refai",
        "re",
        "s t te ts tes sons sez sent sais sait sant",
    ),
    (
        "pa essa",
        "yer",
        "ie ies ient ye yes yent yé yée yés yées yons yez yais yait yaient yant ierai iera ierez ieront yera",
    ),
    (
        "netto emplo envo renvo",
        "yer",
        "ie ies ient yé yée yés yées yons yez yais yait yaient yant iera ierez",
    ),
    ("acqu", "érir", "iers iert érons érez ièrent is ise ises érait errai erra"),
    ("", "vivre", "vis vit vivons vivez vivent vécu vécue vivais vivait vivant vivra"),
    ("", "interdire", "interdis interdit interdite interdits interdites interdisent"),
)


def written() -> dict[str, str]:
    """{form: infinitive}, both with their accents; an infinitive is a form of itself."""
    found: dict[str, str] = {}
    for beginnings, infinitive, endings in _MODELS:
        for beginning in beginnings.split() or [""]:
            for ending in (infinitive, *endings.split()):
                found.setdefault(beginning + ending, beginning + infinitive)
    return found
