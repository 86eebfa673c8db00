"""The dictionary of headings: how landlords' systems name each field, and what is refused by name."""

from __future__ import annotations

import re

# field -> how it is called on screen, in the order of the select boxes
LABELS = {
    "reference": "Référence du locataire",
    "contract": "N° de contrat",
    "dwelling": "N° de logement",
    "civility": "Civilité",
    "last_name": "Nom",
    "birth_name": "Nom de naissance",
    "first_name": "Prénom",
    "full_name": "Nom et prénom (une seule colonne)",
    "birth": "Date de naissance",
    "phone": "Téléphone",
    "phone_third": "Téléphone d'un proche",
    "street": "Adresse (voie)",
    "street_number": "Numéro dans la voie",
    "street_type": "Type de voie",
    "street_extra": "Complément d'adresse",
    "building": "Bâtiment, entrée, escalier",
    "door": "Porte, étage, appartement",
    "postal_code": "Code postal",
    "city": "Commune",
    "postal_city": "Code postal et commune (une seule colonne)",
    "insee": "Code INSEE de la commune",
    "residence": "Résidence (code)",
    "residence_name": "Résidence (nom)",
    "agency": "Agence",
    "exit_date": "Date de sortie",
    "death_date": "Date de décès",
    "status": "Situation (présent, parti, décédé)",
    "role": "Qualité (titulaire, occupant…)",
    "living_alone": "Vit seul(e)",
    "fragile": "Fragilité signalée",
    "language": "Langue à parler",
    "notes": "À savoir pour l'appel",
    "remarks": "Remarques (lues pour un décès ou un départ, non gardées)",
}
# Fields that several columns may fill.
MANY = frozenset(("phone", "phone_third", "street_extra", "notes", "remarks"))

# fmt: off
SPELLINGS: dict[str, tuple[str, ...]] = {
    "reference": (
        "N° locataire", "Numéro locataire", "Num locataire", "No locataire", "Réf locataire", "Référence locataire",
        "Ref. loc.", "Code locataire", "Id locataire", "Identifiant locataire", "Identifiant", "Matricule",
        "Matricule locataire", "N° client", "Code client", "Réf client", "Référence client", "Numéro client",
        "N° occupant", "Code occupant", "Réf occupant", "Code tiers", "N° tiers", "Référence", "Réf", "ID",
        "Id personne", "N° personne", "Code personne", "N° individu", "Identifiant personne", "Compte locataire",
        "N° compte locataire", "Num loc", "N° loc", "Cd locataire", "Locataire n°", "Tiers", "Code loc", "Id client",
        "Référence tiers", "Identifiant client", "N° de dossier", "Numéro de dossier", "Clé locataire",
        "Reference personne", "Id occupant",
    ),
    "contract": (
        "N° contrat", "Numéro contrat", "Num contrat", "No contrat", "Contrat", "Réf contrat", "Référence contrat",
        "Code contrat", "Id contrat", "Identifiant contrat", "N° bail", "Numéro de bail", "Bail", "Réf bail",
        "Référence bail", "N° de location", "Contrat de location", "N° contrat de location", "Référence du bail",
        "Contrat location", "Ref. ctr", "N° ctr", "Contrat n°", "Code bail", "Clé contrat", "N° convention",
    ),
    "dwelling": (
        "Réf. logement", "Référence logement", "N° logement", "Numéro logement", "Code logement", "Id logement",
        "Identifiant logement", "Module", "N° module", "Code module", "Logement", "Lot", "N° lot", "Code lot",
        "Réf lot", "Référence lot", "UG", "N° UG", "Code UG", "Unité de gestion", "Réf UG", "Local", "Code local",
        "N° local", "Réf local", "Unité locative", "Réf patrimoine", "Code patrimoine", "Référence du logement", "UL",
        "Code UL", "ESI", "Code ESI", "N° ESI", "Référence ESI", "Référence module", "N° de logement", "N° foyer",
        "Code foyer", "Référence foyer", "Foyer", "Id foyer", "Ménage", "N° ménage", "RPLS", "N° RPLS",
    ),
    "civility": (
        "Civilité", "Civ", "Civ.", "Titre", "Titre civilité", "Code civilité", "Civilité locataire",
        "Civilité titulaire", "Mme/M.", "M./Mme", "M/Mme", "Mr/Mme", "Libellé civilité", "Qualité civilité",
        "Titre de civilité", "Appellation", "Cd civilité", "Politesse", "Civilité occupant", "Lib civ",
    ),
    "last_name": (
        "Nom", "Nom d'usage", "Nom usuel", "Nom de famille", "Nom locataire", "Nom du locataire", "Nom titulaire",
        "Nom du titulaire", "Nom occupant", "Nom de l'occupant", "NOM_LOC", "Nom marital", "Nom d'épouse",
        "Nom personne", "Nom client", "Nom patronymique usuel", "Patronyme", "Nom individu", "Nom usage locataire",
        "Nom principal", "Nom loc", "Name", "Last name", "Lastname", "Nom du client", "Nom preneur", "Nom du preneur",
    ),
    "birth_name": (
        "Nom de naissance", "Nom naissance", "Nom de jeune fille", "Nom jeune fille", "NJF", "Nom patronymique",
        "Nom à la naissance", "Nom de naiss", "Nom de naiss.", "Nom JF", "Nom de fille", "Nom d'origine", "Nom naiss",
        "Nom de naissance locataire",
    ),
    "first_name": (
        "Prénom", "Prénoms", "Prénom locataire", "Prénom du locataire", "Prénom titulaire", "Prénom usuel",
        "Premier prénom", "Prénom 1", "Prénom occupant", "Prénom de l'occupant", "PRENOM_LOC", "Prénom(s)",
        "Prénom personne", "Prénom client", "Prénom loc", "First name", "Firstname", "Prén.", "Pren",
        "Prénom individu", "Prénom d'usage", "Petit nom",
    ),
    "full_name": (
        "Nom et prénom", "Nom Prénom", "Noms et prénoms", "Nom & prénom", "Nom/Prénom", "Nom - Prénom",
        "Prénom et nom", "Prénom Nom", "Nom complet", "Identité", "Locataire", "Locataires", "Titulaire",
        "Titulaire du bail", "Titulaire du contrat", "Occupant", "Occupants", "Désignation",
        "Nom et prénom du locataire", "Nom prénom locataire", "Raison sociale", "Dénomination", "Nom, prénom",
        "Nom du locataire et prénom", "Client", "Personne", "Habitant", "Libellé locataire", "Intitulé",
        "Noms prénoms",
    ),
    "birth": (
        "Date de naissance", "Date naissance", "Naissance", "Né(e) le", "Né le", "Née le", "Ddn", "D.D.N.", "DN",
        "Date naiss", "Date de naiss.", "Date naiss.", "Dt naissance", "Dt naiss", "Dat nais", "DTNAIS", "DATNAIS",
        "Date de naissance locataire", "Date de naissance du titulaire", "Date nais", "D naissance", "Née/Né le",
        "Année de naissance", "Année naissance", "Jour de naissance", "Birthdate", "Birth date", "Birth", "DOB", "Né",
        "Date naissance loc", "Date nce", "Dte naissance", "Dte naiss", "D. naiss.", "An naissance",
        "Date de naissance occupant",
    ),
    "phone": (
        "Téléphone", "Tél", "Tel.", "Tél. fixe", "Téléphone fixe", "Fixe", "Tél. portable", "Téléphone portable",
        "Portable", "Mobile", "Tél. mobile", "Téléphone mobile", "GSM", "Téléphones", "N° téléphone",
        "N° de téléphone", "Numéro de téléphone", "Numéros de téléphone", "Num tel", "N° tel", "N° fixe",
        "N° portable", "N° mobile", "Tél. domicile", "Téléphone domicile", "Domicile", "Tél. dom", "Tél. perso",
        "Téléphone personnel", "Tél. privé", "Tél. travail", "Téléphone professionnel", "Tél. pro", "Tél. bureau",
        "Tel fix", "Tel port", "Tel mob", "Cellulaire", "Ligne fixe", "Téléphone principal", "Téléphone secondaire",
        "Autre téléphone", "Autre tél", "Contact téléphonique", "Coordonnées téléphoniques", "Phone", "Mobile phone",
        "Tél locataire", "Téléphone locataire", "Tel. fixe/portable", "Joignable au", "Tél. principal",
        "Portable locataire", "Tél. contact", "Tph", "N° d'appel",
    ),
    "phone_third": (
        "Tél. fils", "Tél. fille", "Tél. enfant", "Tél. voisin", "Tél. voisine", "Tél. famille", "Téléphone famille",
        "Tél. proche", "Téléphone proche", "Téléphone d'un proche", "Contact d'urgence", "Tél. urgence",
        "Téléphone d'urgence", "Personne à prévenir", "Personne à contacter", "Tél. personne à prévenir",
        "Contact famille", "Téléphone contact d'urgence", "Tél. tuteur", "Téléphone tuteur", "Tél. curateur",
        "Téléphone enfant", "Tél. personne à contacter", "Téléphone aidant", "Tél. aidant", "Contact proche",
        "Tél. tiers", "Téléphone tiers", "Personne de confiance", "Tél. personne de confiance", "Numéro d'urgence",
        "N° d'urgence", "Contact famille tél",
    ),
    "street": (
        "Adresse", "Adresse complète", "Adresse postale", "Adresse 1", "Adresse1", "N° et voie", "Numéro et voie",
        "Rue et numéro", "N° et rue", "Rue", "Voie", "Nom de la voie", "Nom voie", "Libellé voie",
        "Libellé de la voie", "Adresse ligne 1", "Adr", "Adr.", "Adr 1", "Adresse du logement", "Adresse logement",
        "Adresse locataire", "Adresse du locataire", "Adresse de correspondance", "Adresse principale", "Nom rue",
        "Nom de rue", "Adresse domicile", "Address", "Adresse du bien", "Lieu d'habitation", "Adresse voie",
    ),
    "street_number": (
        "N° voie", "Numéro de voie", "N° de voie", "Num voie", "Numéro dans la voie", "N° dans la voie", "No voie",
        "N° de rue", "Numéro de rue", "Num rue", "No rue", "N° adresse", "Numéro adresse", "N°", "Num", "No", "Numéro",
        "Nº voie",
    ),
    "street_type": (
        "Type voie", "Type de voie", "Nature voie", "Nature de voie", "Nature de la voie", "Type rue", "Code voie",
        "Typ voie", "Libellé type voie", "Nat voie", "Type de la voie", "Voie type", "Genre de voie",
    ),
    "street_extra": (
        "Complément d'adresse", "Complément adresse", "Complément", "Adresse 2", "Adresse2", "Adresse 3", "Adresse3",
        "Adresse ligne 2", "Adresse ligne 3", "Cplt adresse", "Compl. adresse", "Adresse (suite)", "Suite adresse",
        "Complément 1", "Complément 2", "Compl adr", "Adr 2", "Adr 3", "Lieu-dit", "Lieudit",
        "Adresse complémentaire", "Complément de localisation", "Cpl adresse", "Complément voie", "Bis ter",
        "Adresse suite",
    ),
    "building": (
        "Bâtiment", "Bât", "Bat.", "Immeuble", "Imm", "Entrée", "Escalier", "Esc", "Esc.", "Tour", "Bloc", "Hall",
        "Cage", "Cage d'escalier", "N° bâtiment", "Code bâtiment", "Bâtiment/Entrée", "Bât. / esc.", "N° bât",
        "Allée", "Libellé bâtiment", "Nom bâtiment", "N° entrée", "N° escalier", "Nom immeuble", "Bât/Esc",
        "Code entrée",
    ),
    "door": (
        "Porte", "N° porte", "Appartement", "Appt", "Apt", "N° appartement", "N° appt", "N° apt", "Étage", "Etg",
        "Étage/porte", "Porte/étage", "Étage porte", "Niveau", "Appt.", "App", "N° d'appartement", "Localisation",
        "Palier", "Étage et porte", "N° de porte", "Numéro de porte", "Numéro appartement", "Position", "Pte",
    ),
    "postal_code": (
        "Code postal", "CP", "C.P.", "CPO", "Cpostal", "Code post", "CodePostal", "Cod postal", "Postal",
        "CP logement", "Code postal logement", "CP locataire", "Code postal du logement", "Zip", "Zip code",
        "Postal code", "Cde postal", "C postal", "CP adresse", "Code postal adresse", "Cd postal",
        "Bureau distributeur CP",
    ),
    "city": (
        "Commune", "Ville", "Localité", "Nom commune", "Nom de la commune", "Nom ville", "Libellé commune",
        "Libellé ville", "Ville logement", "Commune du logement", "Commune logement", "Bureau distributeur", "City",
        "Ville locataire", "Commune de résidence", "Ville de résidence", "Agglomération", "Lib commune", "Lib ville",
        "Nom localité", "Municipalité", "Ville adresse", "Bur. dist.",
    ),
    "postal_city": (
        "CP Ville", "CP/Ville", "CP - Ville", "Code postal ville", "Code postal et ville", "CP et ville",
        "CP Commune", "Code postal / Ville", "Code postal commune", "CP localité", "CP + Ville",
        "Code postal - Commune", "Code postal et commune", "Ville et code postal", "Adresse CP Ville", "CPVille",
        "Code postal localité",
    ),
    "insee": (
        "Code INSEE", "Code INSEE commune", "INSEE commune", "Code commune", "Code commune INSEE", "Commune INSEE",
        "Code INSEE de la commune", "INSEE", "CodeINSEE", "Cd INSEE", "Code INSEE ville", "INSEE ville", "COG",
        "Code officiel géographique", "Code géographique",
    ),
    "residence": (
        "Code résidence", "Résidence", "N° résidence", "Réf résidence", "Référence résidence", "Programme",
        "Code programme", "N° programme", "Groupe", "Code groupe", "N° groupe", "Groupe immobilier",
        "Ensemble immobilier", "Code ensemble", "Opération", "Code opération", "Site", "Code site", "Ensemble",
        "Id résidence", "Réf programme", "Code immeuble", "Groupe d'immeubles", "Numéro de programme",
        "Numéro de groupe", "Cité", "Identifiant résidence",
    ),
    "residence_name": (
        "Nom résidence", "Nom de la résidence", "Libellé résidence", "Nom programme", "Nom du programme",
        "Libellé programme", "Nom groupe", "Nom du groupe", "Libellé groupe", "Libellé de la résidence",
        "Nom opération", "Libellé opération", "Lib résidence", "Lib programme", "Nom du site", "Libellé site",
        "Nom de l'ensemble", "Désignation résidence", "Lib groupe",
    ),
    "agency": (
        "Agence", "Nom agence", "Nom de l'agence", "Libellé agence", "Secteur", "Agence de gestion",
        "Agence gestionnaire", "Direction territoriale", "Antenne", "Territoire", "Délégation", "Unité territoriale",
        "Direction", "Lib agence", "Agence de rattachement", "Secteur de gestion", "Agence locale", "Point d'accueil",
        "Direction régionale", "Agence/secteur", "Unité de proximité", "Centre de gestion",
    ),
    "exit_date": (
        "Date de sortie", "Date sortie", "Date de départ", "Date départ", "Sortie", "Sortie le", "Parti le",
        "Date fin de bail", "Date de fin de bail", "Fin de bail", "Date fin contrat", "Date de fin de contrat",
        "Date fin", "Date de fin", "Fin contrat", "Date de résiliation", "Date résiliation", "Résilié le",
        "Date d'état des lieux de sortie", "EDL sortie", "Date EDLS", "Date fin occupation", "Dt sortie", "Dt départ",
        "Fin d'occupation", "Date libération", "Date de libération",
    ),
    "death_date": (
        "Date de décès", "Date décès", "Décès", "Décédé le", "Décédée le", "Décédé(e) le", "Dt décès",
        "Date du décès", "DDC", "Date deces locataire", "Décès le", "D décès", "Jour du décès", "Décédé",
        "Décédé O/N", "Date de décès du titulaire",
    ),
    "status": (
        "Situation", "Statut", "État", "Statut locataire", "Situation locataire", "État locataire", "Statut occupant",
        "Statut du contrat", "État du contrat", "Statut contrat", "Présence", "Présent", "Code situation",
        "Code statut", "État occupation", "Situation du locataire", "Statut personne", "Position locataire", "Actif",
        "Statut bail", "Statut du bail", "Code état", "Motif de sortie", "Motif sortie", "Motif de départ",
        "Motif départ", "Présent/Parti",
    ),
    "role": (
        "Qualité", "Rôle", "Type occupant", "Type d'occupant", "Type de locataire", "Type locataire", "Lien",
        "Lien de parenté", "Lien parenté", "Lien avec le titulaire", "Qualité occupant", "Nature occupant",
        "Titulaire/occupant", "Type personne", "Type de personne", "Rang", "Fonction dans le foyer", "Lien titulaire",
        "Rôle contrat", "Parenté",
    ),
    "living_alone": (
        "Vit seul", "Vit seul(e)", "Vivant seul", "Personne seule", "Isolé", "Isolée", "Isolé(e)", "Seul", "Seule",
        "Vit seule", "Personne isolée", "Seul(e)", "Vit seul O/N", "Habite seul", "Occupe seul",
        "Personne vivant seule",
    ),
    "fragile": (
        "Fragile", "Fragilité", "Personne fragile", "Vulnérable", "Vulnérabilité", "Fragilité signalée",
        "Personne vulnérable", "Signalé fragile", "À risque", "Priorité", "Prioritaire", "Repéré fragile",
        "Fragile O/N", "Indicateur fragilité", "Locataire fragile", "Public fragile",
    ),
    "language": (
        "Langue", "Langue parlée", "Langue à parler", "Langue maternelle", "Langue usuelle", "Langue de contact",
        "Langues", "Langue locataire", "Langue préférée", "Langue d'échange", "Code langue", "Langue pratiquée",
    ),
    "notes": (
        "À savoir", "À savoir pour l'appel", "Consigne", "Consignes", "Consigne d'appel", "Consignes d'appel",
        "Préférence d'appel", "Horaire d'appel", "Horaires d'appel", "Meilleur moment", "Quand appeler",
        "Précaution d'appel", "Précautions", "Moment pour appeler",
    ),
    "remarks": (
        "Observations", "Observation", "Obs", "Remarques", "Remarque", "Commentaires", "Commentaire", "Divers", "Notes",
        "Note", "Informations", "Info", "Infos", "Mentions", "Informations complémentaires", "Autres informations",
        "Commentaires agence",
    ),
}
# fmt: on

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
