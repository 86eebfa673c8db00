# Solidarités. « make » alone lists what can be asked for.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install demo demo-reset run web worker beat backup restore screenshots test test-only lint fmt soak bench pins venv venv-dev

PORT ?= 8000
HOST ?= 127.0.0.1
VAR_DIR ?= $(CURDIR)/var
SITE_URL ?= http://127.0.0.1:$(PORT)
PYTEST_WORKERS ?= auto
PYTEST_MARK ?= not soak
export PORT HOST

PY := .venv/bin/python
MANAGE := $(PY) manage.py
# The demonstration never touches a real installation: its own folder, and its own database (DEMO_DATABASE_URL for
# another than SQLite), whatever DATABASE_URL, SITE_URL or .env say. Its settings know the rest: no mail, no Redis, no
# real secret. Before anything is written, it refuses a database that holds an account or a household of a real
# installation; it removes no folder.
DEMO_URL := $(if $(filter environment,$(origin SITE_URL)),http://127.0.0.1:$(PORT),$(SITE_URL))
DEMO := SOLIDARITES_DEMO=1 VAR_DIR="$(VAR_DIR)/demo" SITE_URL="$(DEMO_URL)" \
	DATABASE_URL="$${DEMO_DATABASE_URL:-sqlite:///$(VAR_DIR)/demo/solidarites.sqlite3}"
# Compiled once and kept, whatever the machine's habit: pytest's own reading of the tests, and each process they start.
TESTS := VAR_DIR="$(VAR_DIR)/test" PYTHONDONTWRITEBYTECODE= PYTHONWARNINGS=default::DeprecationWarning:solidarites
PREPARE := scripts/prepare.sh
LOCK := "$(VAR_DIR)/pins/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make pins"

help: ## cette liste
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

venv:
	@sh scripts/venv.sh requirements.txt

venv-dev:
	@sh scripts/venv.sh requirements-dev.txt

install: venv ## prépare l'environnement et la base ; ne démarre rien
	@sh $(PREPARE)
	@echo "Prêt. « make run » démarre l'application, « make demo » la démonstration."

demo: venv ## la démonstration, sur http://127.0.0.1:8000 (PORT=... pour un autre port)
	@$(PY) scripts/port_free.py "$(HOST)" "$(PORT)"
	@$(DEMO) exec $(PY) scripts/demo.py "$(HOST)" "$(PORT)" "$(DEMO_URL)"

demo-reset: venv ## efface la démonstration et en prépare une neuve
	@$(DEMO) $(MANAGE) forget_demo
	@$(DEMO) $(MANAGE) seed_demo --prepare
	@echo "Démonstration neuve. « make demo » la démarre."

run: venv ## l'application, sans donnée de démonstration
	@$(PY) scripts/port_free.py "$(HOST)" "$(PORT)"
	@sh $(PREPARE)
	@$(MANAGE) first_admin
	@exec sh scripts/serve.sh

web worker beat: # one process alone, as the Procfile says it
	@exec sh scripts/process.sh $@

backup: venv ## sauvegarde la base dans VAR_DIR/backups (TO=fichier ou dossier, RECIPIENT=clé publique)
	@$(MANAGE) backup $(if $(TO),"$(TO)") $(if $(RECIPIENT),--recipient "$(RECIPIENT)") $(if $(KEEP),--keep "$(KEEP)")

restore: venv ## remet une sauvegarde, application arrêtée : make restore FILE=… (YES=1 sans question)
	@test -n "$(FILE)" || { echo "Dites quelle sauvegarde : make restore FILE=var/backups/…" ; exit 2; }
	@$(MANAGE) restore "$(FILE)" $(if $(YES),--yes) $(if $(IDENTITY),--identity "$(IDENTITY)") \
		$(if $(ACCEPT_OTHER_KEY),--accept-other-key)

test: venv-dev ## tout ce qu'il faut, puis les contrôles, puis tous les tests
	@$(PY) -m tests.browser.chromium
	@# The tests' database is made meanwhile; should that fail, they make it themselves and say why.
	@$(TESTS) $(PY) -m tests.migrated >/dev/null 2>&1 & $(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test-only

test-only: venv-dev ## les tests seuls
	@$(TESTS) $(PY) -m pytest -n $(PYTEST_WORKERS) --dist worksteal -m "$(PYTEST_MARK)" $(PYTEST_ARGS)

lint: venv-dev ## les contrôles seuls
	@VAR_DIR="$(VAR_DIR)/test" sh scripts/lint.sh

fmt: venv-dev ## remet le code en forme
	@$(PY) scripts/french_spaces.py
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format --quiet .

soak: venv-dev ## les longues épreuves (une heure ; root pour l'essai d'installation) ; leurs mesures vont dans docs/measurements.md
	@$(PY) -m tests.browser.chromium
	@$(TESTS) $(PY) -m pytest -m soak -s $(PYTEST_ARGS)
	@sh scripts/try_install.sh

bench: venv-dev ## les mesures de benchmarks/
	@VAR_DIR="$(VAR_DIR)/bench" $(PY) -m benchmarks

screenshots: venv-dev ## refait les images de la documentation
	@$(PY) -m tests.browser.chromium
	@SCREENSHOTS=1 $(TESTS) $(PY) -m pytest -m browser --deselect tests/browser/test_every_page.py $(PYTEST_ARGS)

# requirements*.lock again, after a change of requirements: all that they need, on any machine, with the hash of each file.
# Versions that still fit stay. uv alone reads requirements for every machine at once; it has a folder of its own.
pins: venv
	@test -x "$(VAR_DIR)/pins/bin/uv" || { $(PY) -m venv "$(VAR_DIR)/pins" && "$(VAR_DIR)/pins/bin/pip" install --quiet uv==0.13.9; }
	@$(LOCK) requirements.txt --output-file requirements.lock
	@$(LOCK) requirements-dev.txt --constraint requirements.lock --output-file requirements-dev.lock
