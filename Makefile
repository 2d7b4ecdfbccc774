# make demo: set up and tag an example article with the pretrained model
# make test: set up and run all tests
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready

.PHONY: demo test lint train experiments bench clean

demo: $(READY)
	$(BIN)/dvtopics tag corpus/examples/doi-thoai-xa.txt --format table

test: $(READY)
	$(BIN)/python -m pytest -q

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# Trains models/tfidf and models/lda on the authored corpora and, where their texts are filled in
# (dvtopics corpus rehydrate), on the public news articles.
train: $(READY)
	for kind in tfidf lda; do $(BIN)/dvtopics train --kind $$kind --output models/$$kind --jobs 2 \
		--evaluate corpus/vietnews/labels_dev.jsonl.gz --evaluate corpus/law_test.jsonl \
		|| exit 1; done

# Regenerates experiments/results; parts whose data is absent say so and are skipped.
experiments: $(READY)
	cd experiments && for script in [0-9]*.py; do ../$(BIN)/python $$script || exit 1; done

# Regenerates benchmarks/results beside the peers that are installed; wants an idle machine.
bench: $(READY)
	for script in benchmarks/[0-9]*.py; do $(BIN)/python $$script || exit 1; done

$(READY): pyproject.toml setup.cfg $(wildcard dvtopics/native/*.[ch])
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) build dist *.egg-info dvtopics/native/*.so
