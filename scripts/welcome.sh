#!/bin/sh
# The address and the accounts of the demonstration.
cat <<TEXT

  Solidarités, démonstration (personnes inventées)

  Adresse        $1
  Bénévole       benevole@exemple.fr        (et benevole2@exemple.fr)
  Coordination   coordination@exemple.fr
  Administration admin@exemple.fr
  Mot de passe   solidarites-demo

  Ctrl+C arrête tout. Ce qui est fait est gardé ; « make demo-reset » recommence.

TEXT
