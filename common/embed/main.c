// Build tool: writes files as C arrays. usage: embed TABLE_NAME BASE_FOLDER FILE... > out.c
// The table holds each file under its path below BASE_FOLDER. See embed.h.
#include <ctype.h>

static int put_file(size_t index, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(stderr, "embed: cannot open '%s'\n", path);
        return 1;
    }
    printf("static const unsigned char file_%zu[] = {", index);
    int c;
    for (size_t n = 0; (c = fgetc(f)) != EOF; n++) {
        printf("%s%d,", n % 24 ? "" : "\n", c);
    }
    printf("0};\n");
    fclose(f);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: embed TABLE_NAME BASE_FOLDER FILE...\n");
        return 2;
    }
    size_t base = strlen(argv[2]);
    printf("// Written by common/embed at build time.\n#include \"common/embed/embed.h\"\n");
    for (int i = 3; i < argc; i++) {
        if (strncmp(argv[i], argv[2], base) != 0 || put_file((size_t)i, argv[i])) {
            return 1;
        }
    }
    printf("extern const struct embed_file %s[];\nconst struct embed_file %s[] = {\n", argv[1],
           argv[1]);
    for (int i = 3; i < argc; i++) {
        const char *name = argv[i] + base;
        printf("    {\"%s\", file_%d, sizeof(file_%d) - 1},\n", *name == '/' ? name + 1 : name, i,
               i);
    }
    printf("    {0}};\n");
    return 0;
}
