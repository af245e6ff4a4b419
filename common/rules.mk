# The store's schema is compiled in: common/store/*.sql -> a table of files.
EMBED := $(B)/bin-host/embed
$(EMBED): common/embed/main.c common/base.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -fsanitize% -MMD -MP,$(HOST_CFLAGS)) -o $@ $<

STORE_SQL := $(sort $(wildcard common/store/*.sql))
$(B)/gen/store_sql.c: $(STORE_SQL) $(EMBED)
	@mkdir -p $(@D)
	$(Q)$(EMBED) store_sql common/store $(STORE_SQL) > $@
common_GEN_OBJ := $(B)/obj/gen/store_sql.o
