"""Why a file is refused, in words for whoever gave it."""

from __future__ import annotations

MESSAGES = {
    "empty": "Ce fichier est vide.",
    "too_big": "Ce fichier est trop gros ({value}). Divisez-le par agence, puis importez chaque partie.",
    "binary": "Ce fichier n’est pas une liste : il contient des données binaires. Exportez la liste en CSV ou en XLSX.",
    "picture": "Ce fichier est une image. Exportez la liste depuis votre logiciel, en CSV ou en XLSX.",
    "pdf": "Ce fichier est un PDF. Exportez la liste depuis votre logiciel, en CSV ou en XLSX.",
    "archive": "Ce fichier est une archive. Ouvrez-la et déposez la liste qu’elle contient.",
    "document": "Ce fichier n’est pas un tableau. Enregistrez la liste en CSV, XLSX, XLS ou ODS.",
    "nul": "Ce fichier contient des caractères nuls : il est abîmé ou n’est pas une liste. Exportez-la de nouveau.",
    "macro": "Ce classeur contient des macros. Enregistrez-le sans macro (format XLSX), puis déposez-le de nouveau.",
    "password": "Ce classeur est protégé par un mot de passe. Retirez la protection, puis déposez-le de nouveau.",
    "bomb": "Ce classeur se déploie en un volume anormal. Copiez la liste dans un classeur neuf.",
    "entities": "Ce classeur contient des références externes interdites. Copiez la liste dans un classeur neuf.",
    "nested": "La structure de ce classeur est anormale. Copiez la liste dans un classeur neuf.",
    "unreadable": "Ce classeur ne peut pas être lu : il est abîmé ou incomplet. Enregistrez-le de nouveau.",
    "format": "Ce format n’est pas reconnu. Déposez un fichier CSV, XLSX, XLS ou ODS.",
    "columns": "Cette liste compte trop de colonnes ({value}). Gardez seulement celles dont l’appel a besoin.",
    "rows": "Cette liste compte trop de lignes. Divisez-la, puis importez chaque partie.",
    "line": "La ligne {value} est trop longue pour une liste de locataires : le fichier est sans doute abîmé.",
    "quotes": "Un guillemet n’est pas refermé à partir de la ligne {value}. Exportez la liste de nouveau.",
    "no_sheet": "La feuille « {value} » n’existe pas dans ce classeur.",
    "no_header": "Aucune ligne de titres n’a été reconnue. Il faut au moins une colonne « Nom ».",
    "no_name": "Aucune colonne de noms n’a été reconnue. Indiquez laquelle contient le nom.",
    "no_rows": "Cette liste ne contient aucune personne.",
    "file_lost": "Ce fichier ne peut plus être relu : PRIVACY_KEY a changé depuis son dépôt. Déposez-le de nouveau.",
    "file_missing": "Déposez de nouveau le fichier de cette liste.",
    "other_headings": "Ce fichier n’a pas les mêmes titres. Annulez cet import, puis déposez-le comme une autre liste.",
    "slow": "Ce classeur est trop long à ouvrir. Enregistrez la liste en CSV.",
}


class Refused(Exception):
    """The whole file is refused; nothing of it is stored."""

    def __init__(self, code: str, value: object = "") -> None:
        self.code = code
        self.message = MESSAGES[code].format(value=value)
        super().__init__(self.message)
