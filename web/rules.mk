# The page: web/src bundled by esbuild into $(B)/web, then compiled into the labeler (common/embed).
WEB_SRC := $(wildcard web/src/*.* web/src/*/*.*) web/index.html web/favicon.svg web/build.mjs web/package-lock.json
WEB_NAMES := index.html app.js app.css favicon.svg
WEB_OUT := $(foreach n,$(WEB_NAMES),$(B)/web/$(n) $(B)/web/$(n).gz)
WEB_STAMP := $(B)/web/.built

$(WEB_STAMP): $(WEB_SRC)
	@if [ ! -d web/node_modules/esbuild ] || [ ! -d web/node_modules/preact ]; then \
		echo "web: npm packages are missing: run 'make deps'" >&2; exit 1; fi
	@mkdir -p $(B)/web
	node web/build.mjs $(B)/web
	@touch $@

$(B)/gen/web_files.c: $(WEB_STAMP) $(EMBED)
	@mkdir -p $(@D)
	$(EMBED) web_files $(B)/web $(sort $(WEB_OUT)) > $@
labeler_GEN_OBJ := $(B)/obj/gen/web_files.o
