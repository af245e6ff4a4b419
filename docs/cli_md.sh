#!/usr/bin/env bash
# Writes docs/cli.md from the option tables of the built programs. usage: docs/cli_md.sh BIN_FOLDER
set -eu
echo "# Commands"
echo
echo "Made by \`make docs\` from the option tables of the programs; a lint test compares it."
echo "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to do or a gate refused."
echo
for program in moteloop moteloop-import moteloop-trainer moteloop-converter moteloop-explorer moteloop-collector moteloop-device; do
    "$1/$program" --cli-md
done
