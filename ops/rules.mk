# ops/ makes certificates with OpenSSL's libcrypto; the linker leaves it out of the programs that do not.
LDLIBS += -lcrypto
