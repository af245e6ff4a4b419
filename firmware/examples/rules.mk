# make example-compiled MODEL=x.tflite: the example that links a compiled model, on this machine and on an emulated Cortex-M4,
# which must print the same.

EXAMPLE := $(B)/example/compiled
MODEL ?= $(wildcard ../shared/golden/kws_ref_model.tflite)
EXAMPLE_M4 := -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard
EXAMPLE_FLAGS := -std=c11 -Os $(WARN) -I. -I$(EXAMPLE)

$(EXAMPLE)/example.c: $(MODEL) $(B)/bin/moteloop-converter
	@mkdir -p $(@D)
	@[ -n "$(MODEL)" ] || { echo "name a model: make example-compiled MODEL=x.tflite"; exit 2; }
	$(B)/bin/moteloop-converter convert $(MODEL) --to c-source --name example --out $@
$(EXAMPLE)/posix: $(EXAMPLE)/example.c firmware/examples/compiled/main.c firmware/examples/compiled/posix.c $(LIB_CORE)
	$(CC) $(EXAMPLE_FLAGS) $(LDFLAGS) -o $@ $(filter %.c %.a,$^)
$(EXAMPLE)/cortex_m4.elf: $(EXAMPLE)/example.c firmware/examples/compiled/main.c firmware/examples/compiled/cortex_m.c \
		$(B)/firmware/m4f/libmote.a firmware/examples/compiled/cortex_m.ld
	arm-none-eabi-gcc $(EXAMPLE_M4) $(EXAMPLE_FLAGS) -ffunction-sections -fdata-sections --specs=picolibc.specs \
		-nostartfiles -Wl,--gc-sections -T firmware/examples/compiled/cortex_m.ld -o $@ $(filter %.c %.a,$^)

.PHONY: example-compiled
example-compiled: $(EXAMPLE)/posix $(EXAMPLE)/cortex_m4.elf ## a compiled model on this machine and on an emulated Cortex-M4
	@$(EXAMPLE)/posix | tee $(EXAMPLE)/posix.txt
	@arm-none-eabi-size $(EXAMPLE)/cortex_m4.elf
	@timeout 120 qemu-system-arm -M mps2-an386 -display none -monitor none -serial none -chardev stdio,id=s \
		-semihosting-config enable=on,target=native,chardev=s -kernel $(EXAMPLE)/cortex_m4.elf \
		</dev/null | tee $(EXAMPLE)/cortex_m4.txt
	@[ "$$(grep output $(EXAMPLE)/posix.txt)" = "$$(grep output $(EXAMPLE)/cortex_m4.txt)" ]
