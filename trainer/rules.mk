# kern_body.c is compiled once per instruction set; the plain build of it is the variant kern_base.
TRAINER_KERN := -O3 -fno-math-errno -ffp-contract=fast
TRAINER_VARIANTS_x86_64 := avx2 avx512
TRAINER_FLAGS_avx2 := -mavx2 -mfma
TRAINER_FLAGS_avx512 := -mavx512f -mavx512vl -mavx512dq -mavx512bw -mfma -mprefer-vector-width=512
$(B)/obj/trainer/kern_body.o: HOST_CFLAGS += $(TRAINER_KERN) -DKERN_TABLE=kern_base
define trainer_variant
$(B)/obj/trainer/kern_$(1).o: trainer/kern_body.c
	@mkdir -p $$(@D)
	$(CC) $(HOST_CFLAGS) $(TRAINER_KERN) $(TRAINER_FLAGS_$(1)) -DKERN_TABLE=kern_$(1) -c -o $$@ $$<
$(B)/lib/libtrainer.a: $(B)/obj/trainer/kern_$(1).o
endef
$(foreach v,$(TRAINER_VARIANTS_$(ARCH)),$(eval $(call trainer_variant,$(v))))
