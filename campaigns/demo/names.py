"""First and last names from which people are invented. Any likeness is chance."""


def _listed(text: str) -> list[str]:
    return [item.strip() for item in " ".join(text.split()).split(",")]


WOMEN = _listed("""
Jeanne, Simone, Yvette, Paulette, Huguette, Odette, Ginette, Denise, Suzanne, Andrée, Lucienne, Georgette, Raymonde,
Marcelle, Henriette, Renée, Germaine, Yvonne, Madeleine, Marguerite, Juliette, Louise, Colette, Jacqueline, Monique,
Gisèle, Pierrette, Solange, Josette, Arlette, Liliane, Rolande, Bernadette, Thérèse, Jeannine, Micheline, Nicole,
Christiane, Claudine, Annie, Danielle, Françoise, Mireille, Régine, Éliane, Évelyne, Ghislaine, Maryse, Nadia, Fatima,
Maria, Rosa, Lucia, Amélia, Carmen
""")
MEN = _listed("""
Marcel, Raymond, Lucien, Roger, Fernand, Robert, René, André, Maurice, Georges, Henri, Louis, Pierre, Jean, Jacques,
Michel, Claude, Gérard, Guy, Bernard, Serge, Roland, Gilbert, Yves, Paul, Albert, Émile, Gaston, Armand, Léon, Edmond,
Camille, Marius, Firmin, Joseph, Antoine, Francis, Daniel, Alain, Christian, Jean-Claude, Jean-Pierre, Mohamed, Ahmed,
Manuel, Antonio, José, Joaquim, Angelo
""")
FAMILIES = _listed("""
Martin, Dupouy, Lafitte, Etcheverry, Castaing, Darrieux, Lacoste, Sarrazin, Bordenave, Dubourg, Lagarde, Duprat,
Cazenave, Labat, Daugé, Laborde, Lartigue, Dulau, Saint-Martin, Capdeville, Ducasse, Barrère, Destouesse, Cassagne,
Lalanne, Tauzin, Dubroca, Despouys, Lesbats, Larrieu, Pouységur, Dassié, Labarthe, Fauché, Marquet, Vidal, Roux,
Fabre, Delmas, Cabrol, Bonnafous, Teulière, Escande, Rouquette, Lavergne, Marty, Cros, Barthe, Soulié, Gaubert, Maury,
Pages, Rigal, Couderc, Bessières, Galan, Cazaux, Lacaze, Dumartin, Brocas, Ladevèze, Labrouche, Montaut, Descazeaux,
Peyrot, Peyrelongue, Rambaud, Chevalier, Guérin, Girard, Moreau, Lefèvre, Rousseau, Blanc, Perrin, Morel, Garnier,
Faure, Mercier, Boyer, Lambert, Renaud, Gauthier, Chauvin, Brunet, Gomes, Da Silva, Fernandes, Rodrigues, Pereira,
Lopes, Garcia, Lopez, Sanchez, Martinez, Benali, Haddad, Belkacem, Traoré, Diallo, Nguyen, Rossi, Moretti, Kowalski,
Nowak
""")

# The forty-one who called, as they sign.
VOLUNTEERS = [
    ("Léa", "Bonnet"), ("Paul", "Girard"), ("Sophie", "Lamarque"), ("Karim", "Haddad"), ("Claire", "Dumas"),
    ("Thomas", "Baradat"), ("Inès", "Carrère"), ("Julien", "Sentis"), ("Aurélie", "Pomiès"), ("Mathieu", "Lassalle"),
    ("Nathalie", "Dupin"), ("Olivier", "Mauriac"), ("Sandrine", "Verdier"), ("Éric", "Loustau"), ("Camille", "Jouan"),
    ("Hugo", "Mazères"), ("Valérie", "Castets"), ("Patrick", "Danglade"), ("Émilie", "Fourcade"),
    ("Yann", "Kerdoncuff"), ("Céline", "Bayle"), ("Stéphane", "Arrouy"), ("Marion", "Ducos"), ("Nicolas", "Pujol"),
    ("Isabelle", "Larroque"), ("David", "Benhamou"), ("Laure", "Monribot"), ("Fabien", "Teyssier"),
    ("Delphine", "Costes"), ("Romain", "Abadie"), ("Christelle", "Nogaro"), ("Vincent", "Sarrade"),
    ("Mélanie", "Dufau"), ("Antoine", "Gleyze"), ("Sabrina", "Oliveira"), ("Guillaume", "Peyrat"),
    ("Audrey", "Lestage"), ("Bruno", "Cazalis"), ("Élodie", "Treille"), ("Manuel", "Ferreira"), ("Anne", "Dutilh"),
]  # fmt: skip

STREETS = _listed("""
rue des Tilleuls, rue Pasteur, avenue Jean-Jaurès, rue du Moulin, allée des Pins, rue Victor-Hugo, rue des Écoles,
place de la Mairie, avenue de la Libération, rue du Stade, rue des Acacias, chemin des Vignes, rue Georges-Sand,
avenue Aristide-Briand, rue de la Gare, allée des Mimosas, rue Jules-Ferry, rue des Lilas, cours de la République, rue
Marie-Curie, rue des Bruyères, rue du Port, avenue du Général-Leclerc, rue Louise-Michel, impasse des Roses, rue de la
Fontaine, rue Émile-Zola, allée des Chênes
""")
RESIDENCES = _listed("""
Les Tilleuls, Le Parc, Les Mimosas, Les Acacias, La Garenne, Les Pins, Le Clos Fleuri, Bellevue, Les Genêts, La
Palombière, Les Vignes, Le Belvédère, Les Chênes verts, Beau Site, Le Grand Port, La Prairie, Les Bruyères, Le Vieux
Moulin, Montplaisir, Les Alizés
""")
