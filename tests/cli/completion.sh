#!/bin/bash
# SPDX-License-Identifier: MIT
# Shell completions: bash's is driven as bash drives it, those of zsh and fish are parsed by their shells.
set -u
fail() { echo "$*"; exit 1; }
docs=$PINTLE_BUILD/docs
. "$docs/pintle" || fail "bash cannot read it"
compopt() { :; } # there is no completion going on

complete_words() # WORD...; the last is the one to complete; prints the answers
{
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_pintle
	printf '%s\n' "${COMPREPLY[@]}"
}
has() # ANSWER WORD...
{
	local want=$1
	shift
	complete_words "$@" | grep -qFx -- "$want" || fail "'$*' does not complete to $want: $(complete_words "$@" | head -n 5)"
}

has trace pintle tr
has help pintle he
has trace pintle help t
has $$ pintle trace -p $$
has $$ pintle doctor $$
[ -z "$(complete_words pintle nonsense '')" ] || fail "completes an unknown command"
# Every option that the help shows is completed, and nothing else.
for command in $("$PINTLE" tables | python3 -c 'import json, sys; print(*(c["name"] for c in json.load(sys.stdin)["commands"]))'); do
	# "  -a COLUMN, --columns=COLUMN ..." and "      --argv0=NAME ..."
	help=$("$PINTLE" $command --help)
	shown=$({
		echo --help
		sed -nE 's/^  -([A-Za-z0-9])([ ,].*|$)/-\1/p' <<<"$help"
		sed -nE 's/^  (-[A-Za-z0-9]( [^ ,]+)?, |    )--([a-z0-9-]+).*/--\3/p' <<<"$help"
	} | sort -u)
	offered=$(complete_words pintle $command - | tr -d = | sort -u)
	[ "$shown" = "$offered" ] ||
		fail "$command: help shows and completion offers differ: $(diff <(echo "$shown") <(echo "$offered"))"
done
# What follows the program is not ours.
complete_words pintle trace ls - | grep -qF -- --follow && fail "completes our options after the program"

bash -n "$docs/pintle" || fail bash
missing=
for shell in zsh fish; do
	file=$docs/_pintle
	[ $shell = fish ] && file=$docs/pintle.fish
	if command -v $shell >/dev/null; then
		$shell -n "$file" || fail "$shell cannot parse $file"
	else
		missing="$missing $shell"
	fi
done
[ -z "$missing" ] || { echo "needs the packages$missing"; exit 77; }
