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
        "Une seule a été comprise : ajoutez une ligne pour la seconde, sinon elle n’est pas appelée.",
    ),
    "two_people": (
        "Deux personnes dans une case",
        "Chacune est gardée, dans le même foyer ; la référence et les numéros sont ceux de la première.",
    ),
    "second_without_first_name": (
        "Seconde personne sans prénom",
        "Elle est gardée, dans le foyer de la première : complétez son prénom.",
    ),
    "birth_owner": (
        "Une naissance pour deux personnes",
        "Elle n’est donnée à aucune des deux : la coordination dit de qui elle est.",
    ),
    "age_in_doubt": (
        "Centenaire ou bébé",
        "Une année comme « 24 » a été lue 1924, ou 2024 si la ligne dit un enfant : vérifiez l’âge de cette personne.",
    ),
    "number_not_dialled": (
        "Numéro à ne pas composer",
        "La liste dit qu’il est faux ou qu’il ne faut plus l’appeler : il est gardé, et n’est pas composé.",
    ),
    "do_not_call": (
        "À ne pas appeler, d’après la liste",
        "Personne n’appelle avant que la coordination ait tranché : opposition, ou appel.",
    ),
    "same_name_same_address": (
        "Même nom, même adresse",
        "Sans numéro à elle, cette personne est dans le foyer de l’autre. Vérifiez qu’elles vivent ensemble.",
    ),
    "corrected": ("Corrigée dans l’aperçu", "La correction vaut tant que la liste redit la même chose."),
    "company": (
        "Société ou association",
        "Une entreprise n’est pas une personne à appeler : elle n’est pas enregistrée.",
    ),
    "same_person": ("Personne déjà dans la liste", "La première ligne compte ; celle-ci n’apporte que ses numéros."),
    "reference_shared": (
        "Référence commune à deux personnes",
        "Les deux sont gardées ; la seconde est reconnue par son nom et sa date de naissance.",
    ),
    "known_by_names": (
        "Nouvelle référence",
        "La personne est reconnue par ses noms et sa date de naissance : rien d’elle ne change.",
    ),
    "departed_before": (
        "Dite décédée par une liste d’avant",
        "Elle n’est pas enregistrée. Si une liste la dit présente en toutes lettres, la coordination tranche.",
    ),
    "home_contract": (
        "Même foyer, nouveau contrat",
        "Le dossier, les appels promis, les notes et les numéros continuent.",
    ),
    "home_moved": (
        "Déménagement dans le parc",
        "Le dossier, les appels promis, les notes et les numéros suivent à la nouvelle adresse.",
    ),
    "home_joined": ("Rejoint un autre foyer", "La personne est appelée avec ce foyer."),
    "home_parted": (
        "Le foyer se sépare",
        "Chacun garde ses numéros ; la coordination choisit avec qui continuent le dossier et le suivi.",
    ),
    "home_relet": (
        "Logement reloué",
        "C’est un nouveau foyer : rien ne vient des personnes d’avant, ni opposition, ni notes, ni numéros.",
    ),
    "present_but_deceased": (
        "La liste dit présent, la fiche dit décédé : à vérifier",
        "La personne n’est pas appelée. Si elle vit bien là, la coordination la note présente sur sa fiche.",
    ),
    "present_but_moved": (
        "La liste dit présent, la fiche dit parti : à vérifier",
        "Un appel a appris ce départ : la personne n’est pas appelée. Si elle vit bien là, la coordination la note "
        "présente sur sa fiche.",
    ),
    "present_but_care_home": (
        "La liste dit présent, la fiche dit en EHPAD : à vérifier",
        "Un appel l’a appris : la personne n’est pas appelée. Si elle vit bien là, la coordination la note présente "
        "sur sa fiche.",
    ),
    "still_closed": (
        "Déjà notée décédée, partie ou en EHPAD",
        "La liste ne dit pas le contraire : rien ne change, la personne n’est pas appelée.",
    ),
    "closed_other_name": (
        "Autre prénom sous la référence d’une personne décédée ou partie",
        "Rien ne change et personne n’est appelé : vérifiez qui est sur cette ligne.",
    ),
    "reference_of_closed": (
        "Référence d’une personne décédée ou partie",
        "Prénom et naissance sont autres : c’est une autre personne, gardée sans cette référence.",
    ),
    "gone_in_status": ("Décès ou départ dit par la situation", "La personne n’est pas appelée."),
    "exit_date_past": ("Date de sortie passée", "La personne est comptée comme partie : elle n’est pas appelée."),
    "death_date_past": ("Date de décès", "La personne est comptée comme décédée : elle n’est pas appelée."),
    "deceased_in_name": (
        "Décès écrit à côté du nom",
        "La personne est comptée comme décédée : elle n’est pas appelée.",
    ),
    "left_in_name": ("Départ écrit à côté du nom", "La personne est comptée comme partie : elle n’est pas appelée."),
    "estate": ("Succession", "Personne à appeler sous ce nom."),
    "status_in_remark": (
        "Décès ou départ dit en remarque",
        "La personne n’est pas appelée ; la remarque elle-même n’est pas gardée.",
    ),
    "status_doubt": (
        "Mot à vérifier",
        "Il fait penser à un décès ou à un départ sans le dire de cette personne : rien ne change pour elle.",
    ),
    "name_doubt": (
        "Mot à vérifier à côté du nom",
        "Il fait penser à un décès ou à un départ, ou c’est un nom : rien ne change pour cette personne.",
    ),
    "status_unknown": ("Situation non comprise", "Ce mot ne change rien pour la personne."),
    "exit_unreadable": ("Date de sortie illisible", "Elle ne change rien pour la personne."),
    "death_unreadable": ("Date de décès illisible", "Elle ne change rien pour la personne."),
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
# Remarks that somebody should look at before confirming, first in the preview.
TO_CHECK = (
    "estate",
    "company",
    "do_not_call",
    "birth_owner",
    "age_in_doubt",
    "several_people",
    "second_without_first_name",
    "same_name_same_address",
    "present_but_deceased",
    "present_but_moved",
    "present_but_care_home",
    "closed_other_name",
    "reference_of_closed",
    "name_doubt",
    "status_doubt",
    "status_unknown",
    "exit_unreadable",
    "death_unreadable",
)
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
