"""What each remark of a check means, in words for the person who imports and for the landlord."""

from __future__ import annotations

# code -> (short title, what was done and what to do)
REASONS: dict[str, tuple[str, str]] = {
    "no_last_name": ("Pas de nom", "La ligne est rejetée : complétez le nom dans la liste."),
    "no_identity": (
        "Ni référence ni prénom",
        "La ligne est rejetée : il faut une référence de locataire ou un prénom pour reconnaître la personne.",
    ),
    "birth_unknown": ("Date de naissance inconnue", "La personne est gardée, dans la liste « Âge à vérifier »."),
    "birth_unreadable": (
        "Date de naissance illisible",
        "La personne est gardée sans date, dans la liste « Âge à vérifier ».",
    ),
    "birth_implausible": (
        "Date de naissance impossible",
        "Dans l’avenir ou plus de 120 ans : la personne est gardée sans date, dans la liste « Âge à vérifier ».",
    ),
    "birth_two_digit_year": (
        "Année sur deux chiffres",
        "L’année a été lue dans le siècle dernier : la personne serait sinon mineure ou pas encore née.",
    ),
    "birth_year_only": (
        "Jour de naissance inconnu",
        "Seule l’année est gardée ; l’âge compte à partir du 1er janvier.",
    ),
    "birth_impossible_day": ("Jour qui n’existe pas", "Seule l’année est gardée."),
    "birth_month_first": ("Mois et jour inversés", "La date a été lue mois d’abord : vérifiez-la."),
    "phone_invalid": (
        "Numéro inutilisable",
        "Numéro incomplet, surtaxé, gratuit ou fictif : il n’est pas gardé, la personne l’est.",
    ),
    "commune_unknown": ("Commune non reconnue", "L’adresse est gardée ; corrigez le code postal ou la commune."),
    "commune_close": ("Commune reconnue de près", "Le nom ou le code postal diffère du nom officiel : vérifiez."),
    "postal_code_missing": ("Code postal absent", "La commune a été trouvée par son nom seul."),
    "several_people": (
        "Plusieurs personnes sur une ligne",
        "Une ligne est une personne : ajoutez une ligne pour la seconde, sinon elle n’est pas appelée.",
    ),
    "same_person": ("Personne déjà dans la liste", "La première ligne compte ; celle-ci n’apporte que ses numéros."),
    "reference_shared": (
        "Référence commune à deux personnes",
        "Les deux sont gardées ; la seconde est reconnue par son nom et sa date de naissance.",
    ),
    "identity_changed": (
        "Référence passée à une autre identité",
        "La référence fait foi : nom et naissance sont remplacés. Vérifiez que c’est bien la même personne.",
    ),
    "closed_by_call": (
        "Partie ou décédée selon un appel",
        "La liste la dit présente, un appel a appris le contraire : la personne n’est pas appelée.",
    ),
    "deceased_in_name": ("Décès indiqué dans le nom", "La personne est comptée comme décédée."),
    "left_in_name": ("Départ indiqué dans le nom", "La personne est comptée comme partie."),
    "status_in_remark": (
        "Décès ou départ dit en remarque",
        "La personne n’est pas appelée ; la remarque elle-même n’est pas gardée.",
    ),
    "status_unknown": ("Situation non comprise", "La personne est comptée comme présente."),
    "exit_unreadable": ("Date de sortie illisible", "La personne est comptée comme présente."),
    "address_contradiction": (
        "Adresses différentes dans un foyer",
        "La première ligne du foyer compte.",
    ),
    "agency_contradiction": ("Agences différentes dans un foyer", "La première ligne du foyer compte."),
    "address_differs": (
        "Adresse différente de celle connue",
        "Le foyer a d’autres habitants à son adresse connue : elle est gardée.",
    ),
    "language_unknown": ("Langue non reconnue", "Elle n’est pas gardée."),
}
SKIPPED = {
    "title": ("ligne de titre", "lignes de titre"),
    "header": ("ligne d’en-têtes", "lignes d’en-têtes"),
    "blank": ("ligne vide", "lignes vides"),
    "total": ("ligne de total", "lignes de total"),
}


def title(code: str) -> str:
    return REASONS.get(code, (code, ""))[0]


def advice(code: str) -> str:
    return REASONS.get(code, ("", ""))[1]
