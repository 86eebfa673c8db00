"""What a list may say, a column a line: declared here once, and read by all that follows a list.

A column that is kept as it is on the household is a ``HouseholdDetail``. To add one: a field on ``Household`` with its
migration, and its line here; it is then recognised, read, compared, written, and shown in the preview, the model list
and the guide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tenants.imports import words


@dataclass(frozen=True, kw_only=True)
class Field:
    name: str
    # How it is called on screen.
    label: str
    # How landlords' systems name it.
    spellings: tuple[str, ...]
    # Several columns of one list may fill it.
    several: bool = False
    # Numbers of all sorts may stand in it: none makes it a column of social-security or bank numbers.
    free: bool = False
    # Its headings in the empty model list.
    model: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HouseholdDetail(Field):
    """Kept on ``Household`` under the same name; of one household, the first row that says it counts."""

    # How a change of it is named in the preview, and how its value is written there.
    change: str
    say: Callable[[Any], str] = words.in_words
    # A filled cell → what is kept; « » where there is nothing to keep, None where it is not understood.
    read: Callable[[str], Any]
    # The remark that a cell not understood is given.
    doubt: str = ""
    # A later list replaces what is known; else it only fills a blank: somebody may have written it by hand.
    replaces: bool = True
    # A cell that a list may hold.
    example: str


# In the order of the select boxes and of the model list.
# fmt: off
FIELDS: tuple[Field, ...] = (
    Field(
        name="reference", label="Référence du locataire",
        model=("N° locataire",),
        spellings=(
            "N° locataire", "Numéro locataire", "Num locataire", "No locataire", "Réf locataire", "Référence locataire",
            "Ref. loc.", "Code locataire", "Id locataire", "Identifiant locataire", "Identifiant", "Matricule",
            "Matricule locataire", "N° client", "Code client", "Réf client", "Référence client", "Numéro client",
            "N° occupant", "Code occupant", "Réf occupant", "Code tiers", "N° tiers", "Référence", "Réf", "ID",
            "Id personne", "N° personne", "Code personne", "N° individu", "Identifiant personne", "Compte locataire",
            "N° compte locataire", "Num loc", "N° loc", "Cd locataire", "Locataire n°", "Tiers", "Code loc",
            "Id client", "Référence tiers", "Identifiant client", "N° de dossier", "Numéro de dossier", "Clé locataire",
            "Reference personne", "Id occupant",
        ),
    ),
    Field(
        name="contract", label="N° de contrat",
        model=("N° contrat",),
        spellings=(
            "N° contrat", "Numéro contrat", "Num contrat", "No contrat", "Contrat", "Réf contrat", "Référence contrat",
            "Code contrat", "Id contrat", "Identifiant contrat", "N° bail", "Numéro de bail", "Bail", "Réf bail",
            "Référence bail", "N° de location", "Contrat de location", "N° contrat de location", "Référence du bail",
            "Contrat location", "Ref. ctr", "N° ctr", "Contrat n°", "Code bail", "Clé contrat", "N° convention",
        ),
    ),
    Field(
        name="dwelling", label="N° de logement",
        spellings=(
            "Réf. logement", "Référence logement", "N° logement", "Numéro logement", "Code logement", "Id logement",
            "Identifiant logement", "Module", "N° module", "Code module", "Logement", "Lot", "N° lot", "Code lot",
            "Réf lot", "Référence lot", "UG", "N° UG", "Code UG", "Unité de gestion", "Réf UG", "Local", "Code local",
            "N° local", "Réf local", "Unité locative", "Réf patrimoine", "Code patrimoine", "Référence du logement",
            "UL", "Code UL", "ESI", "Code ESI", "N° ESI", "Référence ESI", "Référence module", "N° de logement",
            "N° foyer", "Code foyer", "Référence foyer", "Foyer", "Id foyer", "Ménage", "N° ménage", "RPLS", "N° RPLS",
        ),
    ),
    Field(
        name="civility", label="Civilité",
        model=("Civilité",),
        spellings=(
            "Civilité", "Civ", "Civ.", "Titre", "Titre civilité", "Code civilité", "Civilité locataire",
            "Civilité titulaire", "Mme/M.", "M./Mme", "M/Mme", "Mr/Mme", "Libellé civilité", "Qualité civilité",
            "Titre de civilité", "Appellation", "Cd civilité", "Politesse", "Civilité occupant", "Lib civ",
        ),
    ),
    Field(
        name="last_name", label="Nom",
        model=("Nom",),
        spellings=(
            "Nom", "Nom de famille", "Nom locataire", "Nom du locataire", "Nom titulaire",
            "Nom du titulaire", "Nom occupant", "Nom de l'occupant", "NOM_LOC",
            "Nom personne", "Nom client", "Patronyme", "Nom individu",
            "Nom principal", "Nom loc", "Name", "Last name", "Lastname", "Nom du client", "Nom preneur",
            "Nom du preneur",
        ),
    ),
    Field(
        name="usage_name", label="Nom d'usage (s'il y en a un, l'emporte sur le nom)",
        spellings=(
            "Nom d'usage", "Nom usuel", "Nom marital", "Nom d'épouse", "Nom d'époux", "Nom patronymique usuel",
            "Nom usage locataire", "Nom d'usage du locataire", "Nom de mariage", "Nom de femme mariée", "Nom mariage",
            "Nom d'usage titulaire", "Nom d'usage occupant", "Nom d'usage client", "Nom usuel locataire", "NOMUSA",
            "NOMUSU", "NOMMAR", "NOM_USAGE_LOC",
        ),
    ),
    Field(
        name="birth_name", label="Nom de naissance",
        spellings=(
            "Nom de naissance", "Nom naissance", "Nom de jeune fille", "Nom jeune fille", "NJF", "Nom patronymique",
            "Nom à la naissance", "Nom de naiss", "Nom de naiss.", "Nom JF", "Nom de fille", "Nom d'origine",
            "Nom naiss", "Nom de naissance locataire",
        ),
    ),
    Field(
        name="first_name", label="Prénom",
        model=("Prénom",),
        spellings=(
            "Prénom", "Prénoms", "Prénom locataire", "Prénom du locataire", "Prénom titulaire", "Prénom usuel",
            "Premier prénom", "Prénom 1", "Prénom occupant", "Prénom de l'occupant", "PRENOM_LOC", "Prénom(s)",
            "Prénom personne", "Prénom client", "Prénom loc", "First name", "Firstname", "Prén.", "Pren",
            "Prénom individu", "Prénom d'usage", "Petit nom",
        ),
    ),
    Field(
        name="full_name", label="Nom et prénom (une seule colonne)",
        spellings=(
            "Nom et prénom", "Nom Prénom", "Noms et prénoms", "Nom & prénom", "Nom/Prénom", "Nom - Prénom",
            "Prénom et nom", "Prénom Nom", "Nom complet", "Identité", "Locataire", "Locataires", "Titulaire",
            "Titulaire du bail", "Titulaire du contrat", "Occupant", "Occupants", "Désignation",
            "Nom et prénom du locataire", "Nom prénom locataire", "Raison sociale", "Dénomination", "Nom, prénom",
            "Nom du locataire et prénom", "Client", "Personne", "Habitant", "Libellé locataire", "Intitulé",
            "Noms prénoms",
        ),
    ),
    Field(
        name="birth", label="Date de naissance",
        model=("Date de naissance",),
        spellings=(
            "Date de naissance", "Date naissance", "Naissance", "Né(e) le", "Né le", "Née le", "Ddn", "D.D.N.", "DN",
            "Date naiss", "Date de naiss.", "Date naiss.", "Dt naissance", "Dt naiss", "Dat nais", "DTNAIS", "DATNAIS",
            "Date de naissance locataire", "Date de naissance du titulaire", "Date nais", "D naissance", "Née/Né le",
            "Année de naissance", "Année naissance", "Jour de naissance", "Birthdate", "Birth date", "Birth", "DOB",
            "Né", "Date naissance loc", "Date nce", "Dte naissance", "Dte naiss", "D. naiss.", "An naissance",
            "Date de naissance occupant",
        ),
    ),
    Field(
        name="phone", label="Téléphone",
        several=True, free=True,
        model=("Tél. fixe", "Tél. portable",),
        spellings=(
            "Téléphone", "Tél", "Tel.", "Tél. fixe", "Téléphone fixe", "Fixe", "Tél. portable", "Téléphone portable",
            "Portable", "Mobile", "Tél. mobile", "Téléphone mobile", "GSM", "Téléphones", "N° téléphone",
            "N° de téléphone", "Numéro de téléphone", "Numéros de téléphone", "Num tel", "N° tel", "N° fixe",
            "N° portable", "N° mobile", "Tél. domicile", "Téléphone domicile", "Domicile", "Tél. dom", "Tél. perso",
            "Téléphone personnel", "Tél. privé", "Tél. travail", "Téléphone professionnel", "Tél. pro", "Tél. bureau",
            "Tel fix", "Tel port", "Tel mob", "Cellulaire", "Ligne fixe", "Téléphone principal", "Téléphone secondaire",
            "Autre téléphone", "Autre tél", "Contact téléphonique", "Coordonnées téléphoniques", "Phone",
            "Mobile phone", "Tél locataire", "Téléphone locataire", "Tel. fixe/portable", "Joignable au",
            "Tél. principal", "Portable locataire", "Tél. contact", "Tph", "N° d'appel",
        ),
    ),
    Field(
        name="phone_third", label="Téléphone d'un proche",
        several=True, free=True,
        model=("Tél. d’un proche",),
        spellings=(
            "Tél. fils", "Tél. fille", "Tél. enfant", "Tél. voisin", "Tél. voisine", "Tél. famille",
            "Téléphone famille", "Tél. proche", "Téléphone proche", "Téléphone d'un proche", "Contact d'urgence",
            "Tél. urgence", "Téléphone d'urgence", "Personne à prévenir", "Personne à contacter",
            "Tél. personne à prévenir", "Contact famille", "Téléphone contact d'urgence", "Tél. tuteur",
            "Téléphone tuteur", "Tél. curateur", "Téléphone enfant", "Tél. personne à contacter", "Téléphone aidant",
            "Tél. aidant", "Contact proche", "Tél. tiers", "Téléphone tiers", "Personne de confiance",
            "Tél. personne de confiance", "Numéro d'urgence", "N° d'urgence", "Contact famille tél",
        ),
    ),
    Field(
        name="street", label="Adresse (voie)",
        model=("Adresse",),
        spellings=(
            "Adresse", "Adresse complète", "Adresse postale", "Adresse 1", "Adresse1", "N° et voie", "Numéro et voie",
            "Rue et numéro", "N° et rue", "Rue", "Voie", "Nom de la voie", "Nom voie", "Libellé voie",
            "Libellé de la voie", "Adresse ligne 1", "Adr", "Adr.", "Adr 1", "Adresse du logement", "Adresse logement",
            "Adresse locataire", "Adresse du locataire", "Adresse de correspondance", "Adresse principale", "Nom rue",
            "Nom de rue", "Adresse domicile", "Address", "Adresse du bien", "Lieu d'habitation", "Adresse voie",
        ),
    ),
    Field(
        name="street_number", label="Numéro dans la voie",
        spellings=(
            "N° voie", "Numéro de voie", "N° de voie", "Num voie", "Numéro dans la voie", "N° dans la voie", "No voie",
            "N° de rue", "Numéro de rue", "Num rue", "No rue", "N° adresse", "Numéro adresse", "N°", "Num", "No",
            "Numéro", "Nº voie",
        ),
    ),
    Field(
        name="street_type", label="Type de voie",
        spellings=(
            "Type voie", "Type de voie", "Nature voie", "Nature de voie", "Nature de la voie", "Type rue", "Code voie",
            "Typ voie", "Libellé type voie", "Nat voie", "Type de la voie", "Voie type", "Genre de voie",
        ),
    ),
    Field(
        name="street_extra", label="Complément d'adresse",
        several=True,
        spellings=(
            "Complément d'adresse", "Complément adresse", "Complément", "Adresse 2", "Adresse2", "Adresse 3",
            "Adresse3", "Adresse ligne 2", "Adresse ligne 3", "Cplt adresse", "Compl. adresse", "Adresse (suite)",
            "Suite adresse", "Complément 1", "Complément 2", "Compl adr", "Adr 2", "Adr 3", "Lieu-dit", "Lieudit",
            "Adresse complémentaire", "Complément de localisation", "Cpl adresse", "Complément voie", "Bis ter",
            "Adresse suite",
        ),
    ),
    Field(
        name="building", label="Bâtiment, entrée, escalier",
        model=("Bâtiment",),
        spellings=(
            "Bâtiment", "Bât", "Bat.", "Immeuble", "Imm", "Entrée", "Escalier", "Esc", "Esc.", "Tour", "Bloc", "Hall",
            "Cage", "Cage d'escalier", "N° bâtiment", "Code bâtiment", "Bâtiment/Entrée", "Bât. / esc.", "N° bât",
            "Allée", "Libellé bâtiment", "Nom bâtiment", "N° entrée", "N° escalier", "Nom immeuble", "Bât/Esc",
        ),
    ),
    Field(
        name="door", label="Porte, étage, appartement",
        model=("Porte",),
        spellings=(
            "Porte", "N° porte", "Appartement", "Appt", "Apt", "N° appartement", "N° appt", "N° apt", "Étage", "Etg",
            "Étage/porte", "Porte/étage", "Étage porte", "Niveau", "Appt.", "App", "N° d'appartement", "Localisation",
            "Palier", "Étage et porte", "N° de porte", "Numéro de porte", "Numéro appartement", "Position", "Pte",
        ),
    ),
    Field(
        name="postal_code", label="Code postal",
        model=("Code postal",),
        spellings=(
            "Code postal", "CP", "C.P.", "CPO", "Cpostal", "Code post", "CodePostal", "Cod postal", "Postal",
            "CP logement", "Code postal logement", "CP locataire", "Code postal du logement", "Zip", "Zip code",
            "Postal code", "Cde postal", "C postal", "CP adresse", "Code postal adresse", "Cd postal",
            "Bureau distributeur CP",
        ),
    ),
    Field(
        name="city", label="Commune",
        model=("Commune",),
        spellings=(
            "Commune", "Ville", "Localité", "Nom commune", "Nom de la commune", "Nom ville", "Libellé commune",
            "Libellé ville", "Ville logement", "Commune du logement", "Commune logement", "Bureau distributeur", "City",
            "Ville locataire", "Commune de résidence", "Ville de résidence", "Agglomération", "Lib commune",
            "Lib ville", "Nom localité", "Municipalité", "Ville adresse", "Bur. dist.",
        ),
    ),
    Field(
        name="postal_city", label="Code postal et commune (une seule colonne)",
        spellings=(
            "CP Ville", "CP/Ville", "CP - Ville", "Code postal ville", "Code postal et ville", "CP et ville",
            "CP Commune", "Code postal / Ville", "Code postal commune", "CP localité", "CP + Ville",
            "Code postal - Commune", "Code postal et commune", "Ville et code postal", "Adresse CP Ville", "CPVille",
            "Code postal localité",
        ),
    ),
    Field(
        name="insee", label="Code INSEE de la commune",
        spellings=(
            "Code INSEE", "Code INSEE commune", "INSEE commune", "Code commune", "Code commune INSEE", "Commune INSEE",
            "Code INSEE de la commune", "INSEE", "CodeINSEE", "Cd INSEE", "Code INSEE ville", "INSEE ville", "COG",
            "Code officiel géographique", "Code géographique",
        ),
    ),
    Field(
        name="residence", label="Résidence (code)",
        model=("Code résidence",),
        spellings=(
            "Code résidence", "Résidence", "N° résidence", "Réf résidence", "Référence résidence", "Programme",
            "Code programme", "N° programme", "Groupe", "Code groupe", "N° groupe", "Groupe immobilier",
            "Ensemble immobilier", "Code ensemble", "Opération", "Code opération", "Site", "Code site", "Ensemble",
            "Id résidence", "Réf programme", "Code immeuble", "Groupe d'immeubles", "Numéro de programme",
            "Numéro de groupe", "Cité", "Identifiant résidence",
        ),
    ),
    Field(
        name="residence_name", label="Résidence (nom)",
        model=("Nom résidence",),
        spellings=(
            "Nom résidence", "Nom de la résidence", "Libellé résidence", "Nom programme", "Nom du programme",
            "Libellé programme", "Nom groupe", "Nom du groupe", "Libellé groupe", "Libellé de la résidence",
            "Nom opération", "Libellé opération", "Lib résidence", "Lib programme", "Nom du site", "Libellé site",
            "Nom de l'ensemble", "Désignation résidence", "Lib groupe",
        ),
    ),
    Field(
        name="agency", label="Agence",
        model=("Agence",),
        spellings=(
            "Agence", "Nom agence", "Nom de l'agence", "Libellé agence", "Secteur", "Agence de gestion",
            "Agence gestionnaire", "Direction territoriale", "Antenne", "Territoire", "Délégation",
            "Unité territoriale", "Direction", "Lib agence", "Agence de rattachement", "Secteur de gestion",
            "Agence locale", "Point d'accueil", "Direction régionale", "Agence/secteur", "Unité de proximité",
            "Centre de gestion",
        ),
    ),
    Field(
        name="exit_date", label="Date de sortie",
        model=("Date de sortie",),
        spellings=(
            "Date de sortie", "Date sortie", "Date de départ", "Date départ", "Sortie", "Sortie le", "Parti le",
            "Date fin de bail", "Date de fin de bail", "Fin de bail", "Date fin contrat", "Date de fin de contrat",
            "Date fin", "Date de fin", "Fin contrat", "Date de résiliation", "Date résiliation", "Résilié le",
            "Date d'état des lieux de sortie", "EDL sortie", "Date EDLS", "Date fin occupation", "Dt sortie",
            "Dt départ", "Fin d'occupation", "Date libération", "Date de libération",
        ),
    ),
    Field(
        name="death_date", label="Date de décès",
        spellings=(
            "Date de décès", "Date décès", "Décès", "Décédé le", "Décédée le", "Décédé(e) le", "Dt décès",
            "Date du décès", "DDC", "Date deces locataire", "Décès le", "D décès", "Jour du décès", "Décédé",
            "Décédé O/N", "Date de décès du titulaire",
        ),
    ),
    Field(
        name="status", label="Situation (présent, parti, décédé)",
        model=("Situation",),
        spellings=(
            "Situation", "Statut", "État", "Statut locataire", "Situation locataire", "État locataire",
            "Statut occupant", "Statut du contrat", "État du contrat", "Statut contrat", "Présence", "Présent",
            "Code situation", "Code statut", "État occupation", "Situation du locataire", "Statut personne",
            "Position locataire", "Actif", "Statut bail", "Statut du bail", "Code état", "Motif de sortie",
            "Motif sortie", "Motif de départ", "Motif départ", "Présent/Parti",
        ),
    ),
    Field(
        name="role", label="Qualité (titulaire, occupant…)",
        spellings=(
            "Qualité", "Rôle", "Type occupant", "Type d'occupant", "Type de locataire", "Type locataire", "Lien",
            "Lien de parenté", "Lien parenté", "Lien avec le titulaire", "Qualité occupant", "Nature occupant",
            "Titulaire/occupant", "Type personne", "Type de personne", "Rang", "Fonction dans le foyer",
            "Lien titulaire", "Rôle contrat", "Parenté",
        ),
    ),
    HouseholdDetail(
        name="living_alone", label="Vit seul(e)",
        change="vit seul(e)", read=words.yes_no, example="oui",
        spellings=(
            "Vit seul", "Vit seul(e)", "Vivant seul", "Personne seule", "Isolé", "Isolée", "Isolé(e)", "Seul", "Seule",
            "Vit seule", "Personne isolée", "Seul(e)", "Vit seul O/N", "Habite seul", "Occupe seul",
            "Personne vivant seule",
        ),
    ),
    HouseholdDetail(
        name="fragile", label="Fragilité signalée",
        change="fragilité", read=words.marked, example="oui",
        spellings=(
            "Fragile", "Fragilité", "Personne fragile", "Vulnérable", "Vulnérabilité", "Fragilité signalée",
            "Personne vulnérable", "Signalé fragile", "À risque", "Priorité", "Prioritaire", "Repéré fragile",
            "Fragile O/N", "Indicateur fragilité", "Locataire fragile", "Public fragile",
        ),
    ),
    HouseholdDetail(
        name="language", label="Langue à parler",
        change="langue", read=words.other_language, say=words.language_name, doubt="language_unknown",
        replaces=False, example="Portugais",
        spellings=(
            "Langue", "Langue parlée", "Langue à parler", "Langue maternelle", "Langue usuelle", "Langue de contact",
            "Langues", "Langue locataire", "Langue préférée", "Langue d'échange", "Code langue", "Langue pratiquée",
        ),
    ),
    HouseholdDetail(
        name="notes", label="À savoir pour l'appel",
        change="à savoir", read=str, several=True, free=True, replaces=False, example="Entend mal",
        spellings=(
            "À savoir", "À savoir pour l'appel", "Consigne", "Consignes", "Consigne d'appel", "Consignes d'appel",
            "Préférence d'appel", "Horaire d'appel", "Horaires d'appel", "Meilleur moment", "Quand appeler",
            "Précaution d'appel", "Précautions", "Moment pour appeler",
        ),
    ),
    Field(
        name="do_not_call", label="Ne pas contacter",
        spellings=(
            "Ne pas contacter", "Ne pas appeler", "Ne plus appeler", "Ne plus contacter", "Ne pas démarcher",
            "Opposition", "Opposé aux appels", "Opposition aux appels", "Opposition appels", "Refus d'appel",
            "Refus appel", "Refus de contact", "Refuse les appels", "Refuse appel", "Do not call", "NPA", "Opt out",
            "Ne souhaite pas être appelé", "Ne souhaite plus être appelé", "Refus d'être contacté", "Stop appel",
            "Opposition téléphonique", "Refus démarchage", "Contact interdit", "Liste d'opposition",
        ),
    ),
    Field(
        name="remarks", label="Remarques (lues pour un décès ou un départ, non gardées)",
        several=True, free=True,
        spellings=(
            "Observations", "Observation", "Obs", "Remarques", "Remarque", "Commentaires", "Commentaire", "Divers",
            "Notes", "Note", "Informations", "Info", "Infos", "Mentions", "Informations complémentaires",
            "Autres informations", "Commentaires agence",
        ),
    ),
)
# fmt: on

# Of a second person on the same row: told by the heading of the person (« Date naissance conjoint », « Locataire 2 »).
SECOND = "second_"
_OF_A_PERSON = (
    "reference", "civility", "last_name", "usage_name", "birth_name", "first_name", "full_name", "birth", "phone",
    "exit_date", "death_date", "status",
)  # fmt: skip
FIELDS += tuple(
    Field(
        name=SECOND + field.name,
        label=f"Seconde personne : {field.label[0].lower()}{field.label[1:]}",
        spellings=(),
        several=field.several,
        free=field.free,
    )
    for field in FIELDS
    if field.name in _OF_A_PERSON
)

LABELS = {field.name: field.label for field in FIELDS}
SPELLINGS = {field.name: field.spellings for field in FIELDS if field.spellings}
FREE = frozenset(field.name for field in FIELDS if field.free)
SEVERAL = frozenset(field.name for field in FIELDS if field.several)
MODEL = tuple(heading for field in FIELDS for heading in field.model)
DETAILS = tuple(field for field in FIELDS if isinstance(field, HouseholdDetail))
