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
    ((r"DATE|DT|DTE|D|ANNEE|JOUR", r"NAISS?\w*", r"ENFANTS?|GARDIENN?E?|GARANTE?"), ""),
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
# How software names its columns: parts cut short, without a space (« CODTIE », « PRELOC », « DT_NAIS_CLI »).
_S_ID = "(?:NO|NUM|NUME|NR|COD|CD|CDE|CODE|REF|RF|ID|IDT|IDENT|MAT|CLE)"
_S_WHO = (
    "(?:LOCA?T?|LOCATAIRE|LO|TIE|TIERS|TRS|CLI|CLT|CLIENT|OCC|OCCUP|PER|PERS|IND|INDIV|PRE|PREN|PRENEUR|TIT|TITU"
    "|USA|USAGER|BEN|HAB)"
)
_S_NAME = "(?:NOM|NM|NOMS)"
_S_FIRST = "(?:PRE|PREN|PRENOM|PRN|PRNM|PNM|PNOM)"
_S_BORN = "(?:NAI|NAIS|NAISS|NAISSANCE|NEE?|NCE)"
_S_DATE = "(?:DAT|DATE|DT|DTE|D|JJ)"
_S_TEL = "(?:TEL|TELE|TELEP|TELPH|TPH|TLPH|NUMTEL|NOTEL|NTEL|PHO)"
_S_LINE = "(?:DOM|POR|PORT|PRT|FIX|FIXE|MOB|GSM|TRA|TRAV|BUR|PRO|PERS?|PRIV|PRIN|SEC|AUT|LOC|TIE|CLI|OCC|CEL|P|F|M)"
_S_TOWN = "(?:VIL|VILLE|COM|COMM|COMMUNE|LOCALI?T?E?|BURDIS|BDIST|BURDIST)"
_S_LEASE = "(?:CTR|CTRT|CTT|CNT|CONT|CONTR|CONTRAT|BAI|BAIL|CRT|CONV)"
_S_HOME = "(?:LGT|LOGT|LOG|LOGE|LOGEM|LOT|MOD|MODU|UG|UL|ESI|LCL|LOCAL|PAT|UNI|UNILOC|BIEN)"
_S_GONE = "(?:SOR|SORT|SORTIE|DEPA|DEPART|FIN|RESIL|RSL|FINBAI|FINBAIL|FINOCC|FINCTR|LIB|LIBER|EDLS|EDS)"
CODES: tuple[tuple[str, str, int], ...] = (
    (f"{_S_ID}{_S_WHO}|{_S_WHO}{_S_ID}", "reference", 92),
    (f"{_S_ID}{_S_LEASE}|{_S_LEASE}{_S_ID}", "contract", 92),
    (f"{_S_ID}{_S_HOME}|{_S_HOME}{_S_ID}", "dwelling", 92),
    (f"{_S_NAME}(?:USA|USAG|USUEL|USU|MAR|MARI|MARIT|EPO|EPOU){_S_WHO}?", "usage_name", 92),
    (f"{_S_NAME}(?:{_S_BORN}|JF|JFI|FILLE|PAT|PATRO|ORI){_S_WHO}?", "birth_name", 92),
    (f"{_S_NAME}(?:ET)?{_S_FIRST}{_S_WHO}?|{_S_FIRST}(?:ET)?{_S_NAME}{_S_WHO}?|NOMPR|NMPR|IDENTI", "full_name", 92),
    (f"{_S_NAME}(?:FAM|FAMIL)?{_S_WHO}?1?|{_S_WHO}{_S_NAME}", "last_name", 92),
    (f"{_S_FIRST}(?:USU|USA)?{_S_WHO}?1?|{_S_WHO}{_S_FIRST}", "first_name", 92),
    (f"(?:COD|CD|LIB|C|L)?(?:CIV|CIVI|CIVIL|TITR|TITRE){_S_WHO}?", "civility", 92),
    (
        f"{_S_DATE}(?:DE)?{_S_BORN}{_S_WHO}?|{_S_WHO}?{_S_DATE}{_S_BORN}|NE{{1,2}}LE|NELOC|NEELE|(?:AN|ANNEE|ANN){_S_BORN}"
        f"|{_S_BORN}{_S_WHO}|DDN{_S_WHO}?|DN{_S_WHO}",
        "birth",
        92,
    ),
    (
        rf"{_S_TEL}(?:{_S_LINE}){{0,2}}\d?|(?:POR|PORT|GSM|MOB|FIX){_S_WHO}\d?|(?:NUM|NO|N)(?:POR|PORT|GSM|MOB|FIX)",
        "phone",
        92,
    ),
    (
        "(?:COD|CD|CDE|C)(?:POS|POST|PST|POSTA|PO)(?:LGT|LOG|LOC)?|CPOS|CPOST|CODP|CPLOC|CPLGT|CPTIE|CPCLI|CODEPOS",
        "postal_code",
        92,
    ),
    (f"(?:LIB|NOM|L|NM){_S_TOWN}{_S_WHO}?|{_S_TOWN}(?:LOC|LGT|LOG|TIE|CLI|ADR)", "city", 92),
    ("(?:COD|CD|C)(?:INS|INSE|INSEE|COM|COMM)|INSCOM|COMINS", "insee", 92),
    (
        "ADR(?:ES|ESS)?(?:LOC|LGT|LOG|TIE|CLI|OCC)?(?:L|LG|LIG)?1?|(?:LIB|NOM|L|NM)(?:VOI|VOIE|RUE)|RUELOC|VOILOC",
        "street",
        92,
    ),
    (
        "ADR(?:ES|ESS)?(?:LOC|LGT|LOG|TIE|CLI|OCC)?(?:L|LG|LIG)?[2-9]|(?:CPL|CMP|COMP|CPT)(?:ADR|VOI)|ADR(?:CPL|CMP|COMP)",
        "street_extra",
        92,
    ),
    ("(?:NUM|NO|N|NR)(?:VOI|VOIE|RUE|ADR)", "street_number", 92),
    ("(?:TYP|NAT|COD|TY)(?:VOI|VOIE|RUE)", "street_type", 92),
    ("(?:COD|CD|NUM|LIB|NOM|REF)?(?:BAT|BATI|BATIM|IMM|IMMEU|ESC|ESCAL|CAG|CAGE)", "building", 88),
    ("(?:COD|CD|NUM|LIB|REF)?(?:APP|APPT|APPAR|ETAG|ETAGE|NIV)|(?:NUM|LIB|REF)?(?:PTE|PORTE)", "door", 88),
    (f"{_S_DATE}{_S_GONE}{_S_WHO}?|{_S_WHO}{_S_DATE}{_S_GONE}", "exit_date", 92),
    (f"{_S_DATE}(?:DEC|DECE|DECES|DCD|DC){_S_WHO}?", "death_date", 92),
    (
        f"(?:COD|CD|LIB|TOP|IND)?(?:SIT|SITU|STA|STAT|ETA|ETAT|POS){_S_WHO}|(?:COD|CD|LIB)(?:SIT|SITU|STA|STAT|ETA)",
        "status",
        88,
    ),
    ("(?:COD|CD|NUM|REF|C)(?:PRG|PROG|PGM|GRP|GRO|GROUP|RES|RESID|ENS|SIT|OPE|CIT)", "residence", 90),
    ("(?:LIB|NOM|L|NM)(?:PRG|PROG|PGM|GRP|GRO|GROUP|RES|RESID|ENS|OPE|CIT)", "residence_name", 90),
    ("(?:COD|CD|LIB|NOM|L)(?:AGE|AGCE|AGEN|SEC|SECT|ANT|TER)", "agency", 88),
)
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
        (f"NOMS?(?:USAGE|USUEL|MARITAL){_WHO}?{_MAIN}", "usage_name", 95),
        (f"NOMS?(?:FAMILLE|FAMILLEUSUEL)?{_WHO}?{_MAIN}", "last_name", 95),
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
        *CODES,
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
# Whom a heading is about when it is the second person of the row.
SECOND_MARK = re.compile(
    r"\b(?:CONJOINTE?S?|CONJ|CJT|CJ|CO ?TITULAIRES?|COLOCATAIRES?|COLOC|CO ?LOCATAIRES?|EPOUX|EPOUSE|CO ?OCCUPANTE?S?"
    r"|CO ?PRENEURS?|CO ?SIGNATAIRES?|CONCUBINE?|COMPAGNON|COMPAGNE|PARTENAIRE"
    r"|(?:LOCATAIRE|LOC|TITULAIRE|TIT|OCCUPANTE?|OCC|PRENEUR|PERSONNE|PERS|SIGNATAIRE|HABITANTE?) 2"
    r"|(?:2|2 (?:E|EME|ND|NDE)|SECONDE?|DEUXIEME) (?:LOCATAIRE|TITULAIRE|OCCUPANTE?|PRENEUR|PERSONNE|SIGNATAIRE"
    r"|HABITANTE?))\b"
)
FIRST_MARK = re.compile(
    r"^(?:(?:1|1 ER|PREMIER|PREMIERE) )?(?:LOCATAIRE|TITULAIRE|OCCUPANTE?|PRENEUR|PERSONNE|SIGNATAIRE|HABITANTE?)"
    r"(?: 1| PRINCIPALE?)?(?= )"
)
FIRST_TAIL = re.compile(
    r" (?:(?:LOCATAIRE|TITULAIRE|OCCUPANTE?|PRENEUR|PERSONNE|SIGNATAIRE|HABITANTE?)(?: 1| PRINCIPALE?)?|1)$"
)
# Keys of a door, and no part of an address.
DOOR_CODES = re.compile(
    r"^(?:DIGICODE|INTERPHONE|VIGIK|BADGE|(?:CODE|COD|CD|CODES) (?:ACCES|PORTE|PORTAIL|HALL|ENTREE"
    r"|IMMEUBLE ENTREE|RUE|DIGICODE"
    r"|PORTE ENTREE|ENTREE IMMEUBLE|PORTE IMMEUBLE|INTERPHONE|CLAVIER))(?: \d)?$"
)
# A second person on the same row whose column nothing reads: said, and answered before confirming.
SECOND_PERSON = re.compile(
    r"\b(?:NOM|PRENOM|NAISSANCE|NAISS|NE|NEE)\b.*\b(?:CONJOINTE?|CO ?TITULAIRE|COLOCATAIRE|EPOUX|EPOUSE|2|3)\b"
    r"|^(?:CONJOINTE?|CO ?TITULAIRE|COLOCATAIRE|CO ?OCCUPANTE?|SECOND OCCUPANT|2 OCCUPANT)$"
)
# A second given name, unless a second name stands beside it.
SECOND_GIVEN = re.compile(r"^PRENOM 2$")

# What the purpose does not need: dropped at reading, never stored, said by name.
REFUSED: tuple[str, ...] = (
    r"\bNIR\b",
    r"^(?:ADRESSE |ADR )?(?:E ?)?MAILS?(?: (?:LOCATAIRE|LOC|CLIENT|CONJOINT|\d))?$",
    r"\bCOURRIELS?\b|\bEMAILS?\b|\bADRESSE (?:ELECTRONIQUE|INTERNET)\b|\bMEL\b",
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
