"""The gentle warning under free texts: what it points at, and above all what it leaves alone."""

from __future__ import annotations

import pytest

from campaigns.texts.warned import HEALTH, IDENTITY, MESSAGES, OPINION, ORIGIN, codes, warnings

POINTED_AT = {
    "health": [
        "Elle a un cancer du sein",
        "Début d'Alzheimer, semble-t-il",
        "Très DÉPRESSIVE en ce moment",
        "Il est diabétique",
        "A fait un AVC l'an dernier",
        "Maladie de Parkinson",
        "Schizophrène, dit la voisine",
        "Elle fait de l'arthrose",
        "Sous antidépresseurs depuis mars",
        "Suivi pour hypertension",
        "Insuffisance cardiaque",
        "Problème d'alcoolisme",
        "C'est une alcoolique",
        "Crises d'épilepsie",
        "Troubles cognitifs",
        "Bipolaire",
        "Démence sénile probable",
        "Elle est incontinente",
        "Dialysée trois fois par semaine",
        "Anorexique",
        "Paranoïaque",
        "Traité pour le cholestérol",
        "Déficiente visuelle ? non, déficiente mentale",
    ],
    "opinion": [
        "Vraiment une vieille folle",
        "Il est gâteux",
        "Radin comme pas deux",
        "Quelle emmerdeuse",
        "Un vieux con",
        "C'est un menteur",
        "Complètement cinglée",
        "Fainéant",
        "Ivrogne",
        "Elle est insupportable",
        "Une hystérique",
        "Sale type",
        "Vieux schnock",
        "Un peu débile",
        "Il perd la boule",
        "Profiteur",
        "Casse-pieds",
        "Idiote",
        "Ne tourne pas rond",
        "Alcoolo du quartier",
    ],
    "origin": [
        "Famille musulmane",
        "D'origine portugaise",
        "Elle est juive",
        "Couple d'Algériens ? un couple algérien",
        "Vieux gaulliste",
        "Il est communiste",
        "Elle est voilée",
        "Va à la messe tous les jours",
        "Des gitans",
        "Témoin de Jéhovah",
        "Syndiqué à la retraite",
        "Sans-papiers",
        "Il est marocain",
        "Catholique pratiquante",
        "Vote le PEN ? vote Le Pen",
        "Homosexuel",
        "Femme immigrée",
    ],
    "identity": [
        "Sécu : 1 38 05 33 063 123 45",
        "138053306312345",
        "2 40 11 2A 004 123 45",
        "2-40-11-33-004-123",
        "RIB FR76 3000 6000 0112 3456 7890 189",
        "fr7630006000011234567890189",
        "IBAN : PT50 0002 0123 1234 5678 9015 4",
        "Carte 4970 1000 0000 0154",
        "4970100000000154",
        "CB 5555-5555-5555-4444",
    ],
}
LEFT_ALONE = [
    "",
    "La fille passe le dimanche.",
    "Préfère l'après-midi, entend mal.",
    "Parle portugais avec sa voisine.",
    "Rappeler au 05 36 49 00 12 ou au 06 39 98 00 12.",
    "Manque de médicaments pour la semaine.",
    "Ascenseur en panne depuis le 12/11/2026, ticket 1234567890123456.",
    "Content de l'appel, confond les jours.",
    "Le fourgon du portage passe à midi, rue du Foulon.",
    "\x00 😀 " + "é" * 300,
    # Pain, fatigue, falls: said by the person, they are facts.
    "Elle a mal au dos.",
    "Il a très mal aux genoux depuis lundi.",
    "Fatiguée, dort mal.",
    "Est tombée hier, sans gravité.",
    "Attend le résultat d'une prise de sang.",
    "Sort de l'hôpital jeudi.",
    "Rendez-vous chez le médecin le 3.",
    "L'infirmière passe matin et soir.",
    "Se déplace avec un déambulateur.",
    "Voit mal, entend bien.",
    "N'a plus de pansements.",
    "Le kiné ne vient plus.",
    "A perdu l'appétit.",
    "Pleure souvent le soir.",
    "Se sent triste depuis le décès de son mari.",
    "A peur de sortir.",
    "Le moral est bas ces jours-ci.",
    "Demande une aide pour la toilette.",
    "Oublie parfois ses clés.",
    "Respire difficilement, alerte donnée.",
    # Daily life, people and places whose names look like others.
    "Folle de joie d'entendre quelqu'un.",
    "A eu un fou rire au téléphone.",
    "Fou d'inquiétude pour sa femme.",
    "Un monde fou à la pharmacie.",
    "Sa voisine Mme Leroy l'aide.",
    "Vit rue des Juges.",
    "Fils à Rome, rappelle dimanche.",
    "Le Secours catholique apporte des repas.",
    "Le Secours islamique a livré un colis.",
    "A reçu l'Entraide protestante vendredi.",
    "M. Gay, le gardien, a les clés.",
    "Il reste du beurre et des œufs.",
    "Un bouchon dans les canalisations.",
    "La connexion ne marche pas.",
    "Contact : sa nièce Constance.",
    "Fenêtre de droite bloquée, porte de gauche aussi.",
    "Prix fou de l'électricité, dit-elle.",
    "Chauffage à 16 degrés.",
    "Avarie de chaudière signalée.",
    "Le tarif a changé.",
    "Roue voilée sur le fauteuil.",
    "La porte est sale.",
    "Odeur puante dans la cave.",
    "Préfère être appelée Mme Noire.",
    "Habite près de la mosquée, bâtiment B.",
    "Aime parler de son village d'Espagne.",
    "Cuisine italienne en portage : elle n'aime pas.",
    "Chante dans une chorale.",
    "Lit le journal, vote le dimanche.",
    "Ne sait pas lire le français, sa fille traduit.",
    # Numbers that are something else.
    "Dossier 202611230045.",
    "Code de la porte 4512B.",
    "Facture n° 4970 1000 0000 0155.",
    "Rappeler le 13/01 à 10 h 30.",
    "Compteur 12345678901234567.",
    "Tél. de la fille : +33 6 39 98 00 12.",
    "Bail 33-063-1998-0042.",
    "FR76 n'est pas un IBAN complet.",
    "0000 0000 0000 0000",
]


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in POINTED_AT.items() for text in texts])
def test_what_should_not_be_kept_is_pointed_at(code, text):
    assert code in codes(text)


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_ordinary_facts_pass_without_a_word(text):
    assert codes(text) == []


def test_the_tables_are_long_enough_to_mean_something():
    assert sum(len(texts) for texts in POINTED_AT.values()) >= 60
    assert len(LEFT_ALONE) >= 60


def test_one_text_may_raise_several_each_said_once():
    assert warnings(["Folle, avec un cancer"]) == [HEALTH, OPINION]
    assert warnings(["un cancer", "un autre cancer", ""]) == [HEALTH]
    assert list(MESSAGES.values()) == [HEALTH, OPINION, ORIGIN, IDENTITY]


@pytest.mark.parametrize("wrong", ["FR76 3000 6000 0112 3456 7890 188", "4970 1000 0000 0153", "7 38 05 33 063 123 45"])
def test_a_long_number_whose_key_is_wrong_is_left_alone(wrong):
    assert codes(wrong) == []


@pytest.mark.parametrize(
    "text", ["Elle\u00a0a un\u202fcancer", "L’AVC de mars", "DÉMENCE", "sé́nile".replace("\u0301", "")]
)
def test_accents_apostrophes_and_spaces_do_not_hide_a_word(text):
    assert codes(text)
