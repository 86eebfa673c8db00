"""Headings beyond the usual spellings of ``fields``: made of parts, about somebody else, or refused by name."""

from __future__ import annotations

import re

# Without an exact spelling: every pattern must be one of the heading's words.
KEYWORDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        (
            r"TEL\w*|PORTABLES?|MOBILES?|GSM|PHONE|FIXE",
            r"FILS|FILLE|ENFANTS?|VOISIN\w*|FAMILLE|PROCHES?|URGENCE|TUT\w+|CURAT\w+|AIDANTE?|TIERS|CONFIANCE|PREVENIR"
            r"|REFERENTE?|PARENTS?",
        ),
        "phone_third",
    ),
    ((r"PERSONNES?|CONTACTS?|PROCHES?", r"PREVENIR|CONTACTER|URGENCE|CONFIANCE"), "phone_third"),
    (
        (
            r"TEL|TELEPHONE\w*|TELS|TELEPHONIQUE",
            r"AGENCE|GARDIENN?E?|GESTIONNAIRE|BAILLEUR|GARANTE?|PROPRIETAIRE|CHARGEE?|CAUTION",
        ),
        "",
    ),
    ((r"TEL|TELEPHONE\w*|TELS|GSM|PORTABLES?",), "phone"),
    ((r"DATE|DT|DTE|D|ANNEE|JOUR", r"NAISS?\w*", r"CONJOINTE?|CO\w*TITULAIRE|EPOUX|EPOUSE|ENFANTS?"), ""),
    ((r"DATE|DT|DTE|D|ANNEE|JOUR", r"NAIS\w*"), "birth"),
    # Of somebody else, or of a stay in hospital.
    (
        (
            r"DATE|DT|DTE",
            r"DECE\w*|SORTIE|DEPART",
            r"CONJOINTE?|CO\w*TITULAIRE|EPOUX|EPOUSE|MARI|FEMME|ENFANTS?|FILS|FILLE|PARENTS?|HOPITAL|HOSPI\w*",
        ),
        "",
    ),
    ((r"DATE|DT|DTE", r"DECE\w*"), "death_date"),
    ((r"DATE|DT|DTE", r"SORTIE|DEPART|RESIL\w*|CONGE|RESTITUTION|LIBERATION"), "exit_date"),
    ((r"CODE|CP", r"POSTAL|POSTALE", r"VILLE|COMMUNE|LOCALITE"), "postal_city"),
)
# Whole headings put together from the usual parts, spaces aside (« NUM_CTR », « Réf. lgt », « Client n° »), with how
# sure that is: a name is preferred to a code.
_ID = "(?:N|NO|NUM|NUMERO|REF|REFERENCE|CODE|COD|CD|ID|IDENT|IDENTIFIANT|MATRICULE|MAT|CLE)"
_WHO = (
    "(?:LOCATAIRES?|LOCATS?|LOC|CLIENTS?|CLI|CLT|OCCUPANTS?|OCC|TIERS|PERSONNES?|PERS|INDIVIDU|PRENEURS?|TITULAIRES?"
    "|TIT|SIGNATAIRES?|HABITANTS?|RESIDENTS?)"
)
_MAIN = "(?:PRINCIPAL|INTERNE|LOCATAIRE|LOC|1)?"
_HOME = (
    "(?:LOGEMENTS?|LOGT|LGT|LOG|LOTS?|UG|UL|MODULES?|LOCAL|ESI|PATRIMOINE|PATRIMONIALE?|RPLS|UNITELOCATIVE|FOYER|BIEN)"
)
_LEASE = "(?:CONTRATS?|CTRATS?|CTRT|CTR|BAIL)"
_GROUP = "(?:RESIDENCES?|RES|PROGRAMMES?|PROG|GROUPES?|GRP|ENSEMBLES?|OPERATIONS?|SITES?)(?:IMMOBILIER)?"
_BUILT = "(?:BATIMENTS?|BAT|ESCALIERS?|ESC|ENTREES?|IMMEUBLES?|IMM|TOURS?|HALLS?|CAGES?|BLOCS?)"
_INSIDE = "(?:APPARTEMENTS?|APPARTS?|APPTS?|APTS?|PORTES?|PTE|ETAGES?|ETG|NIVEAUX?|NIV)"
_TEAM = "(?:AGENCES?|SECTEURS?|ANTENNES?|TERRITOIRES?|UT|DT|POLES?(?:PROXIMITE)?|UNITEGESTIONTERRITORIALE)"
_TOWN = "(?:VILLES?|COMMUNES?|LOCALITES?)"
_OF = f"(?:{_HOME}|{_WHO}|ADRESSE|ADR|RESIDENCE|BATIMENT|BAT|GEOGRAPHIQUE|COMPLETE|POSTALE|PRINCIPALE)"
PATTERNS: tuple[tuple[str, str, int], ...] = tuple(
    (rf"^(?:{pattern})$", field, score)
    for pattern, field, score in (
        (f"{_ID}(?:COMPTE)?{_WHO}{_MAIN}|COMPTE{_WHO}|{_WHO}{_ID}|{_ID}(?:DOSSIER|INTERNE)", "reference", 95),
        (
            f"{_ID}?{_LEASE}(?:{_WHO}|LOCATION|BAIL|1)?|{_LEASE}{_ID}|{_ID}(?:LOCATION|CONVENTION|AVENANT)",
            "contract",
            95,
        ),
        (f"{_ID}{_HOME}(?:{_HOME}|{_WHO})?|{_HOME}{_ID}", "dwelling", 95),
        (f"NOMS?(?:USAGE|USUEL|FAMILLE|FAMILLEUSUEL)?{_WHO}?{_MAIN}", "last_name", 95),
        (f"(?:1|1ER|PREMIER)?PRENOMS?(?:USAGE|USUEL)?{_WHO}?{_MAIN}", "first_name", 95),
        (f"(?:CIV|CIVILITE)?NOMS?(?:USAGE)?(?:ET)?PRENOMS?{_WHO}?{_MAIN}", "full_name", 95),
        (f"(?:CIV|CIVILITE)?PRENOMS?(?:ET)?NOMS?{_WHO}?{_MAIN}", "full_name", 95),
        (f"(?:IDENTITES?|DESIGNATION|INTITULE|LIBELLE|LIB){_WHO}|{_WHO}(?:PRINCIPAL|ENTITRE|1)", "full_name", 90),
        ("(?:N|NO|NUM|NUMERO)S?(?:FIXE|MOBILE|PORTABLE|GSM)S?|PORT|MOB|TLF|TPH", "phone", 90),
        ("(?:N|NO|NUM|NUMERO)(?:ET)?(?:NOM|LIB|LIBELLE|RUE)(?:VOIE|RUE|ETVOIE)|LIB(?:ELLE)?VOIE", "street", 95),
        (f"ADR(?:ESSE)?{_OF}?(?:L|LIGNE)?1?|LIGNE1", "street", 90),
        (f"ADR(?:ESSE)?{_OF}?(?:L|LIGNE)?[2-9]|LIGNE[2-9]|COMPL|CPLT", "street_extra", 90),
        (f"(?:N|NO|NUM|NUMERO|CODE|COD|CD|LIB|LIBELLE|NOM){_BUILT}", "building", 90),
        (f"(?:N|NO|NUM|NUMERO|CODE|COD|CD)?{_INSIDE}", "door", 90),
        (f"(?:CP|CPOST|CODEPOSTAL|CODPOST(?:AL)?){_OF}?", "postal_code", 95),
        (f"(?:LIB|LIBELLE|NOM)?{_TOWN}(?:LIBELLE|VILLE|COMMUNE)?{_OF}?|LIBCOM|BUREAUDISTRIB", "city", 90),
        ("LOCALITECPVILLE|(?:CP|CODEPOSTAL)ET(?:VILLE|COMMUNE)", "postal_city", 95),
        ("(?:CODE|COD|CD|COM|COMMUNE)INSEE(?:COM|COMMUNE|VILLE)?", "insee", 95),
        (f"{_ID}{_GROUP}", "residence", 95),
        (f"(?:LIB|LIBELLE|NOM|DESIGNATION){_GROUP}", "residence_name", 95),
        (f"(?:LIB|LIBELLE|NOM)(?:{_TEAM}|AGE|AG|SECT)", "agency", 98),
        (f"{_ID}?{_TEAM}|{_ID}(?:AGE|AG|SECT)", "agency", 90),
        ("(?:PARTIE?|SORTIE?)(?:LE|ON|OUINON)?|DATFIN|DATEFINOCC", "exit_date", 90),
        ("DCD(?:ON|OUINON|LE)?", "death_date", 90),
        (f"(?:STATUT|SITUATION|ETAT)(?:{_LEASE}|{_WHO}|OCCUPATION|LOCATION|DOSSIER)?", "status", 90),
        ("(?:PRESENTE?|ACTIFS?|ACTIVE|OCCUPANTACTUEL)(?:ON|OUINON)?", "status", 90),
        ("(?:TITULAIRE|SIGNATAIRE)(?:ON|OUINON)|TYPE(?:TIERS|PERSONNE|OCCUPANT|LOCATAIRE)|LIENFAMILIAL", "role", 90),
    )
)
# Headings whose « non » says that somebody has left.
PRESENCE = re.compile(r"^(?:PRESENTE?|PRESENCE|ACTIFS?|ACTIVE|OCCUPANTACTUEL)(?:ON|OUINON)?$")
# Words of a heading about somebody or something else: no guess is made from it.
BLOCKERS = frozenset(
    [
        "AGE",
        "BAILLEUR",
        "CAUTION",
        "CHARGE",
        "CLIENTELE",
        "COLOCATAIRE",
        "CONJOINT",
        "CONJOINTE",
        "COTITULAIRE",
        "COURRIEL",
        "EMAIL",
        "ENFANT",
        "ENFANTS",
        "ENTREE",
        "EPOUSE",
        "EPOUX",
        "FAX",
        "GARANT",
        "GARDIEN",
        "GARDIENNE",
        "GESTIONNAIRE",
        "MAIL",
        "NB",
        "NOMBRE",
        "PROPRIETAIRE",
        "SOCIETE",
        "SURFACE",
        "TELECOPIE",
        "TYPE",
    ]
)
# A second person on the same row: said, because one row is one person.
SECOND_PERSON = re.compile(
    r"\b(?:NOM|PRENOM|NAISSANCE|NAISS|NE|NEE)\b.*\b(?:CONJOINTE?|CO ?TITULAIRE|COLOCATAIRE|EPOUX|EPOUSE|2)\b"
    r"|^(?:CONJOINTE?|CO ?TITULAIRE|COLOCATAIRE|CO ?OCCUPANTE?|SECOND OCCUPANT|2 OCCUPANT)$"
)
# A second given name, unless a second name stands beside it.
SECOND_GIVEN = re.compile(r"^PRENOM 2$")

# What the purpose does not need: dropped at reading, never stored, said by name.
REFUSED: tuple[str, ...] = (
    r"\bNIR\b",
    r"\bSECU\b",
    r"\bSECURITE SOCIALE\b",
    r"\bSECURITE SOC\b",
    r"^(?:N|NO|NUM|NUMERO) SS$",
    r"^NSS$",
    r"\bN SS\b",
    r"^(?:N|NO|NUM|NUMERO) INSEE$",
    r"\bIMMATRICULATION SOCIALE\b",
    r"\bCARTE VITALE\b",
    r"^SS$",
    r"\b(?:NUM|NO)SS\b",
    r"\b(?:MATRICULE|IMMAT|IMMATRICULATION) (?:N )?(?:SS|SECU|SOCIALE|SECURITE)\b",
    r"^(?:N |NO |NUM |NUMERO )?IMMATRICULATION(?: SS)?$",
    r"\b(?:NUM|NO|N)?SECU\b",
    r"\bCPAM\b",
    r"\bIBAN\b",
    r"\bRIB\b",
    r"\bBIC\b",
    r"\bBANCAIRES?\b",
    r"\bBANQUE\b",
    r"\bSWIFT\b",
    r"\bCOMPTE POSTAL\b",
    r"^DOMICILIATION$",
    r"\bLOYERS?\b",
    r"^LOY(?:NET|BRUT|HC|CC|ER)?\b",
    r"\bQUITTANCE(?:MENT|S)?\b",
    r"^CHARGES\b",
    r"\bPROVISIONS? CHARGES\b",
    r"\bMONTANT\b",
    r"\bDEPOT GARANTIE\b",
    r"\bIMPAYES?\b",
    r"\bIMPAYEE?S?\b",
    r"\bDETTES?\b",
    r"\bSOLDES?\b",
    r"\bARRIERES?\b",
    r"\bCREANCES?\b",
    r"\bDEBIT(?:EUR)?\b",
    r"\bRETARDS? (?:PAIEMENT|LOYER|REGLEMENT)\b",
    r"^RETARDS?$",
    r"\bREST(?:E|ANT)\b",
    r"\bSOMMES? DUES?\b",
    r"\bAPUREMENT\b",
    r"\bCONTENTIEUX\b",
    r"\bEXPULSION\b",
    r"\bSURENDETTEMENT\b",
    r"\bNATIONALITES?\b",
    r"^(?:CODE |COD |LIB |LIBELLE )?(?:NATIO|NATION|NAT|NATIONAL)$",
    r"\bPAYS ORIGINE\b",
    r"\b(?:COMMUNE|VILLE|DEPT|DEPARTEMENT|DEP) NAISS\w*\b",
    r"\bPAYS NAISS\w*\b",
    r"\bLIEU NAISS\w*\b",
    r"\bORIGINE ETHNIQUE\b",
    r"\bRELIGION\b",
    r"\bETHNIE\b",
    r"\bREVENUS?\b",
    r"\bRESSOURCES\b",
    r"\bRFR\b",
    r"\bSALAIRES?\b",
    r"\bQUOTIENT FAMILIAL\b",
    r"\bAVIS IMPOSITION\b",
    r"^APL\b",
    r"\bALLOCATAIRE\b",
    r"\bALLOCATION\b",
    r"\bCAF\b",
    r"\bRSA\b",
    r"\bTITRE SEJOUR\b",
    r"\bCARTE SEJOUR\b",
    r"\bPASSEPORT\b",
    r"\bCARTE IDENTITE\b",
    r"\bCNI\b",
    r"\bPIECE IDENTITE\b",
    r"\bDIAGNOSTIC\b",
    r"\bPATHOLOGIES?\b",
    r"\bMALADIES?\b",
    r"\bTRAITEMENT MEDICAL\b",
    r"\bOPINION\w* POLITIQUE\w*\b",
)
